"""Work outside the page: the queue, one worker process per training, one standing worker for projections."""
