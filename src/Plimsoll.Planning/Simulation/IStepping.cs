namespace Plimsoll.Planning.Simulation;

/// <summary>Engine ranks whose steps end together: one, or those that wait for each other.</summary>
interface IStepping
{
    /// <summary>End of the step in flight; <see cref="long.MaxValue"/> when there is nothing to do.</summary>
    long NextStepEndsNs { get; }

    /// <summary>
    /// Commits every step that ends at or before <paramref name="untilNs"/>; the one that ends later stays
    /// in flight. With <paramref name="stopAtFinish"/> it returns after the first step that ends a request.
    /// </summary>
    void RunUntil(long untilNs, bool stopAtFinish = false);
}
