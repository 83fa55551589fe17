package dev.stepstile.usecase;

import dev.stepstile.codec.Json;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepSpec;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies a filter to the steps of a run's dispatches, and says which records need not be read for it. For one call: it keeps the
 * tags that it has read.
 */
final class StepSelection {
    private static final Logger LOG = LoggerFactory.getLogger(StepSelection.class);

    private final StepFilter filter;
    private final Payloads payloads;
    private final Map<Payload, SortedMap<String, String>> commonTags = new LinkedHashMap<>();

    StepSelection(StepFilter filter, Payloads payloads) {
        this.filter = filter;
        this.payloads = payloads;
    }

    /**
     * The places of a dispatch's manifest at which no step is selected, as the sweeps have counted it. A step that was seen to have
     * ended is still in that state, or a redrive has begun anew with the dispatch's progress before it changed the step.
     */
    BitSet excluded(Dispatch dispatch) {
        Dispatch.Progress progress = dispatch.progress();
        boolean endsAreExcluded = progress.finishedCounts().keySet().stream().noneMatch(filter::allows);
        return endsAreExcluded ? progress.finished().toBitSet() : new BitSet();
    }

    /** Whether a step of a manifest can be selected, whatever its record says. */
    boolean isCandidate(StepSpec spec) {
        return filter.allowsKey(spec.id().stepKey()) && filter.allowsTags(tagsAskedFor(spec));
    }

    /** Whether a candidate is selected. Another dispatch that names the step does not list it too. */
    boolean selects(Dispatch dispatch, RunQueries.Step candidate) {
        return drivenBy(dispatch, candidate) && filter.selects(candidate, tagsAskedFor(candidate.spec()));
    }

    private static boolean drivenBy(Dispatch dispatch, RunQueries.Step step) {
        return step.record() == null || step.record().settings().dispatchId().equals(dispatch.dispatchId());
    }

    /** The step's own tags over those of its dispatch, which are read only if the filter has one. */
    private SortedMap<String, String> tagsAskedFor(StepSpec spec) {
        Payload common = spec.tags().common();
        if (common == null || filter.tag() == null) {
            return spec.tags().own();
        }
        SortedMap<String, String> tags = new TreeMap<>(commonTags.computeIfAbsent(common, this::read));
        tags.putAll(spec.tags().own());
        return tags;
    }

    private SortedMap<String, String> read(Payload common) {
        SortedMap<String, String> tags = new TreeMap<>();
        try {
            Json.parse(payloads.get(common))
                    .properties()
                    .forEach(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
        } catch (Payloads.Missing missing) {
            LOG.error("Tags that steps share are not compared: {}.", missing.getMessage());
        }
        return tags;
    }
}
