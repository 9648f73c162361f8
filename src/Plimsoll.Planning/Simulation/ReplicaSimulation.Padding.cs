using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Static batches: prompts are padded to the longest, and whoever has ended is computed on until the last of
/// the batch has.
/// </summary>
sealed partial class ReplicaSimulation
{
    readonly bool _isStatic;
    int _batchSize;

    void Pad(StepPlan plan)
    {
        var longest = 0;
        foreach (ref readonly var chunk in plan.Chunks)
            longest = Math.Max(longest, chunk.Start + chunk.Tokens);
        if (longest > 0)
        {
            _batchSize = plan.Chunks.Length;
            var rows = _batchSize;
            _shape.PrefillTokens = longest * rows;
            _shape.PrefillPairs = (long)longest * (longest + 1) / 2 * rows;
            _shape.PrefillContextTokens = (long)longest * rows;
        }
        else if (_shape.Decodes < _batchSize)
        {
            var context = _shape.DecodeContextTokens / _shape.Decodes;
            _shape.AddDecodes(_batchSize - _shape.Decodes, (_batchSize - _shape.Decodes) * context);
        }
    }
}
