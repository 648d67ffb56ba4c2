{{ landed_goods([
    source('census', 'imports_monthly'),
    source('census', 'exports_monthly'),
]) }}
