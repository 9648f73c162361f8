using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;
using static TorchSharp.torch;

namespace Plimsoll.Tuning.Trainer;

/// <summary>The batches of a run and the loss over each, by method.</summary>
sealed class StepSource
{
    readonly TrainingSpec _spec;
    readonly BatchPlan? _plan;
    readonly List<TokenBatch> _pairs = [];
    readonly List<Tensor> _references = [];

    StepSource(TrainingSpec spec, BatchPlan plan)
    {
        _spec = spec;
        _plan = plan;
        Steps = Math.Min(plan.Steps, spec.MostSteps ?? int.MaxValue);
    }

    StepSource(TrainingSpec spec, List<TokenBatch> pairs)
    {
        _spec = spec;
        _pairs = pairs;
        Steps = Math.Min(pairs.Count * spec.Epochs, spec.MostSteps ?? int.MaxValue);
    }

    public int Steps { get; }

    public static StepSource Of(TrainerJob job, ModelFolder model)
    {
        var records = RecordReader.ReadJsonl(job.DatasetFile).ToList();
        if (job.Spec.Method == TrainingMethod.Pretrain)
        {
            return new StepSource(job.Spec, new BatchPlan(
                PretrainingWindows.Of(records, model, job.Spec.SequenceTokens), job.Spec));
        }
        var preference = job.Spec.Method == TrainingMethod.Dpo;
        if (records.Any(r => r.IsPreference != preference || r.Text is not null))
        {
            throw new BadInputException($"{job.DatasetFile}: expected "
                + $"{(preference ? "preference pairs" : "conversations")} only");
        }
        var renderer = model.Renderer;
        if (preference)
            return new StepSource(job.Spec, Pairs(records, renderer, job.Spec));
        return new StepSource(job.Spec, new BatchPlan(records.ConvertAll(renderer.Example), job.Spec));
    }

    /// <summary>What the model says before its first step, once.</summary>
    public void PrepareReference(Decoder decoder)
    {
        using var _ = no_grad();
        foreach (var batch in _pairs)
        {
            using var scope = NewDisposeScope();
            _references.Add(Objective.LogLikelihoods(decoder, batch).MoveToOuterDisposeScope());
        }
    }

    /// <returns>What to call <c>backward</c> on, and the loss.</returns>
    public (Tensor Backward, double Loss) Loss(Decoder decoder, int step, out long tokens)
    {
        if (_plan is not null)
        {
            var batch = _plan[step];
            tokens = batch.Filled;
            return Objective.NextToken(decoder, batch);
        }
        var order = DrawnOrder.Of(_spec.Seed, (ulong)(step / _pairs.Count), _pairs.Count);
        var at = order[step % _pairs.Count];
        tokens = _pairs[at].Filled;
        var loss = Objective.Preference(decoder, _pairs[at], _references[at], _spec.DpoBeta);
        return (loss, loss.item<float>());
    }

    static List<TokenBatch> Pairs(List<TrainingRecord> records, Renderer renderer, TrainingSpec spec)
    {
        var batches = new List<TokenBatch>();
        var rows = new List<List<RenderedExample>>();
        var longest = 0;
        foreach (var i in DrawnOrder.Of(spec.Seed, purpose: 0, records.Count))
        {
            var record = records[i];
            var pair = new[] { record.Chosen!, record.Rejected! }
                .Select(answer => renderer.Example(
                    new TrainingRecord { Messages = [.. Unlearned(record.Messages), answer],
                    Tools = record.Tools }))
                .ToArray();
            var length = pair.Max(e => e.Tokens.Length);
            if (length > spec.SequenceTokens)
            {
                throw new BadInputException($"dataset: record {i + 1} has {length} tokens; expected at most "
                    + $"sequence_tokens {spec.SequenceTokens}");
            }
            if (rows.Count > 0 && Math.Max(longest, length) * (rows.Count + 2) > spec.BatchTokens)
            {
                batches.Add(TokenBatch.Of(rows));
                (rows, longest) = ([], 0);
            }
            rows.AddRange([[pair[0]], [pair[1]]]);
            longest = Math.Max(longest, length);
        }
        batches.Add(TokenBatch.Of(rows));
        return batches;
    }

    // Earlier answers are the same on both sides: only the last is compared.
    static IEnumerable<ChatMessage> Unlearned(IEnumerable<ChatMessage> messages) =>
        messages.Select(m => m.Role == "assistant" ? m with { Weight = 0 } : m);
}
