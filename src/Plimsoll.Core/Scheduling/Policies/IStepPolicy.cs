namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Who goes next. A policy owns the requests that wait and decides over <see cref="SchedulerState"/>, by its
/// checks and its acts. One that keeps nothing of what runs has no more to say than the first five members
/// ask.
/// </summary>
interface IStepPolicy
{
    /// <summary>Requests that wait.</summary>
    int Waiting { get; }

    /// <summary>
    /// What becomes of a request that could be served alone. <paramref name="level"/> is the level it is
    /// taken in at.
    /// </summary>
    Admission Judge(in RequestSpec request, long nowNs, out int level, out long retryAfterNs);

    /// <summary>Takes over a registered request.</summary>
    void Enqueue(int request);

    /// <summary>Lets go of a request that waits.</summary>
    void Withdraw(int request);

    /// <summary>
    /// Fills <see cref="SchedulerState.Plan"/>; it is empty only when nobody can be served.
    /// </summary>
    void Plan(long nowNs);

    /// <summary>A running request leaves: it is finished, or cancelled.</summary>
    void Released(int request)
    {
    }

    /// <summary>
    /// Whether the step in flight, which ends then, is better cut short for somebody who has come.
    /// </summary>
    bool ShouldAbort(long nowNs, long endsNs) => false;

    /// <summary>Learns from a step that was committed.</summary>
    void Observe(in StepOutcome outcome, long nowNs)
    {
    }
}
