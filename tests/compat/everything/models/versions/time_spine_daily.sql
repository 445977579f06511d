select current_date as day, 1 as fiscal_year, 2 as fq
