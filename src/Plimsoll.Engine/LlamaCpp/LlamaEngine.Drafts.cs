using System;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>Where guesses come from, and what they cost.</summary>
public sealed partial class LlamaEngine
{
    const int MostDrafts = 8;

    /// <summary>Half of the guesses come true until steps have told more.</summary>
    const double GivenAcceptance = 0.5;

    /// <summary>What it costs to find a guess in earlier text: a search in memory.</summary>
    const double SearchNs = 500;

    /// <summary>Context at which a draft model's steps are looked up, tokens.</summary>
    const int UsualContext = 256;

    (Drafts? Drafts, DraftSpec? Spec) DraftsOf(LlamaOptions options)
    {
        if (options.DraftPath is not { } path)
        {
            return options.Speculates
                ? (new Drafts(fromText: true, null), Spec(SearchNs, SearchNs)) : (null, null);
        }
        var model = LlamaModel.Load(path, options.GpuLayers);
        DraftModel? draft = null;
        try
        {
            DraftModel.CheckVocabulary(model, _model);
            draft = new DraftModel(model, ContextFor(options));
            var (tokenNs, sequenceNs) =
                Line(Calibrated(draft.Context, path).Steps, Math.Max(2, options.Limits.MaxNumSeqs));
            return (new Drafts(options.Speculates, draft), Spec(tokenNs, sequenceNs));
        }
        catch
        {
            draft?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>A step of the draft model as a line through one sequence and as many as may run.</summary>
    static (double TokenNs, double SequenceNs) Line(StepTimes times, int most)
    {
        var (one, many) = (DecodesNs(times, 1), DecodesNs(times, most));
        var sequenceNs = Math.Max(0, (many - one) / (most - 1));
        return (Math.Max(0, one - sequenceNs), sequenceNs);
    }

    static double DecodesNs(StepTimes times, int sequences)
    {
        var shape = new StepShape();
        shape.AddDecodes(sequences, sequences * UsualContext);
        return times.PredictNs(shape);
    }

    static DraftSpec Spec(double tokenNs, double sequenceNs) =>
        new(MostDrafts, [GivenAcceptance], tokenNs, sequenceNs) { Learns = true };
}
