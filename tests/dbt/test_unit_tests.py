"""The unit tests that stand beside the models, in their yml."""


def test_the_unit_tests_of_the_models_pass(warehouse):
    warehouse.select()
    assert warehouse.dbt("test", "--select", "test_type:unit") == 0, warehouse.log
