# A thin front for tasks.py, which does the work and needs only python3.
# What you set here reaches the task as an environment variable:
#     make run PORT=9000 HOST=0.0.0.0      make demo SPEED=slow      make test ARGS="-k seal"

TASKS := run test test-e2e bench demo setup fetch lint screenshots translations

.PHONY: $(TASKS)
$(TASKS):
	@python3 tasks.py $@ $(ARGS)
