{#- What the map of control numbers to codes rests on for the codes that were traded. -#}
{% macro map_basis() %}
    case
        when vendor_usd = value_usd and value_usd > 0 then 'vendor'
        when vendor_usd > 0 then 'both'
        when value_usd is not null then 'descriptive'
    end
{% endmacro %}

{#- How sure the map is, by the codes that hold half of the value. -#}
{% macro map_confidence() %}
    case
        when 2 * high_confidence_usd >= value_usd and value_usd > 0 then 'high'
        when 2 * (high_confidence_usd + medium_confidence_usd) >= value_usd and value_usd > 0 then 'medium'
        when value_usd is not null then 'low'
    end
{% endmacro %}
