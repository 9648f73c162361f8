using System.Collections.Generic;
using Plimsoll.Engine.Simulated;
using Plimsoll.Server.Twins;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>One engine of the fleet and what a gateway keeps about it.</summary>
sealed class ReplicaState
{
    public required int Index { get; init; }

    public SimulatedRank Rank { get; set; } = null!;

    public TwinReplica? Twin { get; init; }

    /// <summary>Tokens of the step that has just ended.</summary>
    public List<SentRequest> Ended { get; } = [];

    public List<SentRequest> Batch { get; } = [];

    /// <summary>Lines that were put out, or wait for their next piece.</summary>
    public LinkedList<BatchLine> Begun { get; } = new();

    public int Limit { get; set; } = 4;

    public int BatchOut => Batch.Count;

    public int BatchInPrefill { get; set; }

    public int Outstanding { get; set; }

    public int[] Samples { get; } = new int[2];

    public int[] LateSamples { get; } = new int[2];
}
