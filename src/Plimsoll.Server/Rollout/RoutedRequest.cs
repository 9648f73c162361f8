namespace Plimsoll.Server.Rollout;

/// <summary>One request of a task under rollout: who answers it, and under which revision.</summary>
public sealed class RoutedRequest(TaskRollout rollout, Answerer answerer, long revision)
{
    public Answerer Answerer => answerer;

    /// <summary>The candidate that the request is mirrored to; null for none.</summary>
    public Answerer? Shadowed { get; } = rollout.Shadowed;

    /// <summary>What the ledger books the request under: the release and the routing's revision.</summary>
    public string Release => $"{answerer.Name}#{revision}";

    /// <summary>What came of it. A request that the client gave up, or got wrong, says nothing.</summary>
    public void Ended(in AnswerReport report) => rollout.Observe(answerer.Name, report);

    /// <summary>What came of its copy.</summary>
    public void Mirrored(in AnswerReport report)
    {
        if (Shadowed is { } candidate)
            rollout.Observe(candidate.Name, report);
    }
}
