{#- Returns partner codes that are unknown or of another kind: a sum over such a column would count twice. -#}
{% test partner_kind_is(model, column_name, kinds) %}
    select
        codes.partner_code,
        partners.partner_kind
    from (select distinct {{ column_name }} as partner_code from {{ model }}) as codes
    left join {{ ref("dim_partner") }} as partners
        on codes.partner_code = partners.partner_code
    where
        partners.partner_kind is null
        or partners.partner_kind not in ({% for kind in kinds %}{{ sql_text(kind) }}{{ ", " if not loop.last }}{% endfor %})
{% endtest %}
