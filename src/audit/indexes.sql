-- What is asked for is rare, or is not there: then its index says so.
CREATE INDEX opened_model ON opened(model) WHERE model IS NOT NULL;
CREATE INDEX opened_route ON opened(route);
