using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// Which examples make up which step: a function of the spec and the lengths alone, so that a resumed run
/// goes on with the very batches it would have had.
/// </summary>
public sealed class BatchPlan
{
    readonly IReadOnlyList<RenderedExample> _examples;
    readonly TrainingSpec _spec;
    readonly List<List<List<int>>> _steps = [];

    /// <exception cref="BadInputException">No example, or one longer than a row.</exception>
    public BatchPlan(IReadOnlyList<RenderedExample> examples, TrainingSpec spec)
    {
        _examples = examples;
        _spec = spec;
        if (examples.Count == 0)
            throw new BadInputException("dataset: no example; expected at least one");
        for (var i = 0; i < examples.Count; i++)
        {
            if (examples[i].Tokens.Length > spec.SequenceTokens)
            {
                throw new BadInputException($"dataset: record {i + 1} has {examples[i].Tokens.Length} "
                    + $"tokens; expected at most sequence_tokens {spec.SequenceTokens}");
            }
        }
        for (var epoch = 0; epoch < spec.Epochs && !IsEnough; epoch++)
            PlanEpoch(epoch);
    }

    public int Steps => _steps.Count;

    bool IsEnough => _steps.Count >= (_spec.MostSteps ?? int.MaxValue);

    public TokenBatch this[int step]
    {
        get
        {
            var rows = new List<List<RenderedExample>>();
            foreach (var row in _steps[step])
                rows.Add(row.ConvertAll(i => _examples[i]));
            return TokenBatch.Of(rows);
        }
    }

    void PlanEpoch(int epoch)
    {
        var order = DrawnOrder.Of(_spec.Seed, (ulong)epoch, _examples.Count);
        var most = _spec.BatchTokens / _spec.SequenceTokens;
        var rows = new List<List<int>>();
        var free = new List<int>();
        var longest = 0;
        foreach (var example in order)
        {
            var length = _examples[example].Tokens.Length;
            var row = _spec.Packing ? free.FindIndex(f => f >= length) : -1;
            // Unpacked rows are as long as their longest, so more short ones fit into the same tokens.
            var full = _spec.Packing
                ? rows.Count == most
                : Math.Max(longest, length) * (rows.Count + 1) > _spec.BatchTokens;
            if (row < 0 && full)
            {
                _steps.Add(rows);
                (rows, free, longest) = ([], [], 0);
                if (IsEnough)
                    return;
            }
            if (row < 0)
            {
                row = rows.Count;
                rows.Add([]);
                free.Add(_spec.SequenceTokens);
            }
            rows[row].Add(example);
            free[row] -= length;
            longest = Math.Max(longest, length);
        }
        if (rows.Count > 0)
            _steps.Add(rows);
    }
}
