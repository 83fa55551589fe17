package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepSpec;

/** Each message of a step, whoever sends it and however often, is in the group of its dispatch's tenant. */
final class MessageGroups implements Check {
    private final Audit audit;
    private final Ledgers ledgers;

    MessageGroups(Audit audit, Ledgers ledgers) {
        this.audit = audit;
        this.ledgers = ledgers;
    }

    @Override
    public void messageQueued(StepSpec spec, String group) {
        String tenant = ledgers.run(spec.id().runId()).tenant(spec.settings().dispatchId());
        if (tenant != null && !tenant.equals(group)) {
            audit.violated(spec.id(), "its message is in the group " + group + ", and its tenant is " + tenant);
        }
    }
}
