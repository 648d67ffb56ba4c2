select
    classes.partner_code,
    classes.partner_class_id,
    column_2.partner_code is not null as is_column_2
from {{ ref('int_tariff_partner_classes') }} as classes
left join {{ ref('tariff_partner_class') }} as column_2
    on
        classes.partner_code = column_2.partner_code
        and column_2.partner_class = 'column_2'
        and column_2.valid_to is null
