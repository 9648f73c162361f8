using System;
using System.Collections.Generic;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;

namespace Plimsoll.Inputs.Workloads;

/// <summary>
/// A workload as one model meets it: images counted by the model's own rule, and for a model that pools no
/// answers and no prompt beyond what it reads.
/// </summary>
public sealed class ModelWorkload : Workload
{
    const int Sampled = 4_000;

    readonly Workload _workload;
    readonly ModelSpec _model;
    readonly Lazy<double> _meanPromptTokens;

    ModelWorkload(Workload workload, ModelSpec model)
    {
        _workload = workload;
        _model = model;
        _meanPromptTokens = new Lazy<double>(MeanPrompt);
    }

    /// <summary>The workload itself where every model meets it alike.</summary>
    public static Workload Of(Workload workload, ModelSpec model)
    {
        var plain = workload is ModelWorkload other ? other._workload : workload;
        return !model.Pools && !(model.Vision is not null && plain.HasImages) ? plain
            : workload is ModelWorkload same && same._model == model ? workload
            : new ModelWorkload(plain, model);
    }

    public override string Name => _workload.Name;

    public override string Source => _workload.Source;

    public override IReadOnlyList<string> Notes => _workload.Notes;

    public override double RequestsPerSecond => _workload.RequestsPerSecond;

    public override bool HasRate => _workload.HasRate;

    public override double MeanPromptTokens => _meanPromptTokens.Value;

    public override double MeanOutputTokens => _model.Pools ? 0 : _workload.MeanOutputTokens;

    public override bool HasImages => _workload.HasImages;

    public override bool ClosedLoop => _workload.ClosedLoop;

    public override double CorrelationS => _workload.CorrelationS;

    public override long? Recorded => _workload.Recorded;

    public override IReadOnlyList<LevelPromise> Levels => _workload.Levels;

    public override IReadOnlyList<string> Tenants => _workload.Tenants;

    public override IReadOnlyList<double> WeeklyEnvelope => _workload.WeeklyEnvelope;

    public override IArrivalSource Open(
        double requestsPerSecond, long requests, ulong seed, ArrivalProcess process = ArrivalProcess.Own,
        int? openSessions = null) =>
        new Met(_workload.Open(requestsPerSecond, requests, seed, process, openSessions), _model);

    double MeanPrompt()
    {
        var arrivals = Open(RequestsPerSecond, Sampled, seed: 1, ArrivalProcess.AtOnce);
        double sum = 0, count = 0;
        while (count < Sampled && arrivals.TryPeek(out var atNs))
        {
            arrivals.Take(out var arrival);
            sum += arrival.PromptTokens;
            count++;
            arrivals.Finished(arrival.Session, atNs);
        }
        return sum / Math.Max(1, count);
    }

    /// <summary>The arrivals, each as the model meets it.</summary>
    sealed class Met(IArrivalSource arrivals, ModelSpec model) : IArrivalSource
    {
        public int PrefixBlockTokens => arrivals.PrefixBlockTokens;

        public bool TryPeek(out long atNs) => arrivals.TryPeek(out atNs);

        public void Take(out Arrival arrival)
        {
            arrivals.Take(out arrival);
            if (model.Vision is { } vision && !arrival.Images.IsEmpty)
                Count(ref arrival, vision);
            if (!model.Pools)
                return;
            arrival.OutputTokens = 0;
            arrival.PromptTokens = Math.Min(arrival.PromptTokens, model.MaxContext - 1);
            Trim(ref arrival);
        }

        public void Finished(int session, long nowNs) => arrivals.Finished(session, nowNs);

        void Count(ref Arrival arrival, VisionSpec vision)
        {
            arrival.PromptTokens -= arrival.ImageTokens;
            arrival.ImageTokens = 0;
            foreach (var image in arrival.Images.Span)
            {
                var cost = vision.Rule.Of(image);
                arrival.ImageTokens += cost.Tokens;
                arrival.EncoderPatches += cost.Patches;
                arrival.EncoderPairs += cost.PatchPairs;
            }
            arrival.PromptTokens += arrival.ImageTokens;
            Trim(ref arrival);
        }

        /// <summary>Keys name whole blocks of the prompt, of a shorter one fewer.</summary>
        void Trim(ref Arrival arrival)
        {
            var most = PrefixBlockTokens > 0 ? arrival.PromptTokens / PrefixBlockTokens : 0;
            if (arrival.PrefixKeys.Length > most)
                arrival.PrefixKeys = arrival.PrefixKeys[..most];
        }
    }
}
