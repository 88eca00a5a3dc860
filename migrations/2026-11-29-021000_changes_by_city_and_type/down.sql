DROP INDEX change_cities_type;
