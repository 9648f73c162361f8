namespace Plimsoll.Core.Scheduling;

public enum AdmissionOrder : byte
{
    /// <summary>First come, first served; the last admitted is preempted first.</summary>
    Arrival,

    /// <summary>Lowest priority value first, then arrival; the highest value is preempted first.</summary>
    Priority,
}

/// <summary>
/// How a scheduler decides, as data. <see cref="VllmV1"/> and <see cref="VllmV1Priority"/> do what vLLM's
/// V1 engine does today, <see cref="Fcfs"/> what llama-server does.
/// </summary>
public sealed record SchedulingPolicy
{
    public required string Name { get; init; }

    public required AdmissionOrder Order { get; init; }

    /// <summary>Whether a request starts only when its longest answer has memory, and keeps it.</summary>
    public bool ReservesAnswers { get; init; }

    /// <summary>Whether every sequence must find room for a token in every step.</summary>
    public bool RunsEveryDecode => ReservesAnswers || Slack is not null;

    /// <summary>
    /// First come first served, decodes and chunked prefill in one budget, recompute preemption.
    /// </summary>
    public static SchedulingPolicy VllmV1 { get; } =
        new() { Name = "vllm-v1", Order = AdmissionOrder.Arrival };

    /// <summary>The same with <c>--scheduling-policy priority</c>.</summary>
    public static SchedulingPolicy VllmV1Priority { get; } =
        new() { Name = "vllm-v1-priority", Order = AdmissionOrder.Priority };

    /// <summary>Interactive first, batch in the slack; its options, for that policy only.</summary>
    public SlackOptions? Slack { get; init; }

    /// <summary>Interactive first, batch in the slack, with what an engine like vLLM can do.</summary>
    public static SchedulingPolicy InSlack { get; } =
        new() { Name = "slack", Order = AdmissionOrder.Arrival, Slack = new SlackOptions() };

    /// <summary>
    /// llama-server's order: a slot and the memory for a whole answer to whoever comes first, nobody put out.
    /// </summary>
    public static SchedulingPolicy Fcfs { get; } =
        new() { Name = "fcfs", Order = AdmissionOrder.Arrival, ReservesAnswers = true };

    /// <summary>Whether prompts are computed whole, as before chunked prefill.</summary>
    public bool WholePrompts { get; init; }

    /// <summary>Whether a batch is admitted only when the one before it has ended.</summary>
    public bool StaticBatches { get; init; }

    /// <summary>
    /// Before the middle of 2023: a batch runs to its longest answer, everybody padded to the longest, and
    /// nobody joins it.
    /// </summary>
    public static SchedulingPolicy Static { get; } = new()
    {
        Name = "static", Order = AdmissionOrder.Arrival, WholePrompts = true, StaticBatches = true,
    };

    /// <summary>Before chunked prefill: requests join at any step, prompts are computed whole.</summary>
    public static SchedulingPolicy Continuous { get; } =
        new() { Name = "continuous", Order = AdmissionOrder.Arrival, WholePrompts = true };

    /// <summary>What a live engine can run, and what engines once did.</summary>
    public static Choices<SchedulingPolicy> Simulated { get; } = new(
        (VllmV1.Name, VllmV1), (VllmV1Priority.Name, VllmV1Priority), (Fcfs.Name, Fcfs),
        (InSlack.Name, InSlack), (Continuous.Name, Continuous), (Static.Name, Static));

    public static Choices<SchedulingPolicy> All { get; } = new(
        (VllmV1.Name, VllmV1), (VllmV1Priority.Name, VllmV1Priority), (Fcfs.Name, Fcfs),
        (InSlack.Name, InSlack));
}
