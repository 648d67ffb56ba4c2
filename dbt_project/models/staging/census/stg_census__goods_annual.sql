{{ landed_goods([
    source('census', 'imports_annual'),
    source('census', 'exports_annual'),
]) }}
