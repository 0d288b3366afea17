-- name: PlanForIndexes :exec
-- Makes the planner use the indexes for the rest of the transaction. Plans that
-- were made while the tables were empty scan them, which makes a first load take
-- quadratic time. Set per transaction, so that it also works behind a pooler.
SELECT set_config('random_page_cost', '1.1', true);
