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

    public static Choices<SchedulingPolicy> All { get; } = new(
        (VllmV1.Name, VllmV1), (VllmV1Priority.Name, VllmV1Priority), (Fcfs.Name, Fcfs),
        (InSlack.Name, InSlack));
}
