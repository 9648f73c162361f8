using Plimsoll.Engine.Simulated;
using Plimsoll.Server.Twins;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>A request in the fleet.</summary>
sealed class SentRequest
{
    public required long SentNs { get; init; }

    public required ReplicaState Replica { get; init; }

    /// <summary>Null for an interactive request.</summary>
    public BatchLine? Line { get; init; }

    /// <summary>A piece of a prompt, whose one token is thrown away.</summary>
    public bool IsSlice { get; init; }

    public SimulatedSequence? Sequence { get; set; }

    public TwinRequest? Twin { get; set; }

    public bool IsDropped { get; set; }

    public int Heard { get; set; }

    /// <summary>Tokens of the answer that are in the figure.</summary>
    public int Counted { get; set; }

    public long LastNs { get; set; }

    public bool IsLate { get; set; }
}

/// <summary>A batch line, from its first piece to its last token.</summary>
sealed class BatchLine
{
    public required int PromptTokens { get; init; }

    public required int OutputTokens { get; init; }

    public required ulong[] Keys { get; init; }
}

/// <summary>The tokens of a step on their way home.</summary>
sealed record StepNotice(ReplicaState Replica, SentRequest[] Tokens, bool[] Last);
