"""A Dagster project over the flights that left New York in 2013, whose steps run on Stepstile."""
