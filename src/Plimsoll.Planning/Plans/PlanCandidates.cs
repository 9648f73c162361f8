using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>Every candidate of a space, in an order that depends on nothing else.</summary>
public sealed class PlanCandidates
{
    readonly PlanSpace _space;
    readonly List<PlanCandidate> _fitting = [];
    readonly List<PlanFall> _fallen = [];

    PlanCandidates(PlanSpace space)
    {
        _space = space;
    }

    /// <summary>Candidates whose model fits their accelerators.</summary>
    public IReadOnlyList<PlanCandidate> Fitting => _fitting;

    /// <summary>Those whose model does not, or whose degrees the model or the card cannot have.</summary>
    public IReadOnlyList<PlanFall> Fallen => _fallen;

    public static PlanCandidates Of(PlanSpace space)
    {
        var candidates = new PlanCandidates(space);
        foreach (var model in space.Models)
        {
            foreach (var (accelerator, price) in space.Accelerators)
                candidates.Add(model, accelerator, price);
        }
        return candidates;
    }

    void Add(ModelSpec model, AcceleratorSpec accelerator, PriceSpec price)
    {
        foreach (var weights in _space.Weights.Select(format => format ?? model.NativeWeights).Distinct())
        {
            foreach (var kv in _space.Kv)
            {
                var engines = new List<PlanCandidate>();
                foreach (var engine in Engines(accelerator))
                {
                    foreach (var choice in Degrees(new DeploymentChoice
                    {
                        Model = model, Accelerator = accelerator, Weights = weights, Kv = kv, Engine = engine,
                    }))
                    {
                        Add(choice, price, engines);
                    }
                }
                if (_space.Disaggregated)
                    AddPools(engines);
            }
        }
    }

    IEnumerable<EngineSettings> Engines(AcceleratorSpec accelerator)
    {
        foreach (var (name, version) in _space.Engines)
        {
            var usual = EngineCatalogue.ServerDefaults(accelerator, name);
            foreach (var sequences in OrUsual(_space.MaxNumSeqs, usual.MaxNumSeqs))
            {
                foreach (var tokens in OrUsual(_space.MaxNumBatchedTokens, usual.MaxNumBatchedTokens))
                {
                    foreach (var (speculation, tiers) in
                        from drafts in _space.Speculations from memories in _space.KvTiers
                        select (drafts, memories))
                    {
                        yield return _space.Settings with
                        {
                            Engine = name, EngineVersion = version, MaxNumSeqs = sequences,
                            MaxNumBatchedTokens = tokens, Speculation = speculation,
                            KvTiers = KvTierChoice.Of(tiers, accelerator),
                        };
                    }
                }
            }
        }
    }

    static IReadOnlyList<int> OrUsual(IReadOnlyList<int> chosen, int usual) =>
        chosen.Count > 0 ? chosen : [usual];

    IEnumerable<DeploymentChoice> Degrees(DeploymentChoice choice) =>
        from tensor in OrOpen(_space.TensorParallel)
        from pipeline in OrOpen(_space.PipelineParallel)
        from expert in OrOpen(_space.ExpertParallel)
        from data in OrOpen(_space.DataParallel)
        select choice with
        {
            TensorParallel = tensor, PipelineParallel = pipeline, ExpertParallel = expert, DataParallel =
                data,
        };

    static IEnumerable<int?> OrOpen(IReadOnlyList<int> degrees) =>
        degrees.Count > 0 ? degrees.Select(degree => (int?)degree) : [null];

    void Add(DeploymentChoice choice, PriceSpec price, List<PlanCandidate> engines)
    {
        try
        {
            foreach (var copies in PlanWidth.Copies(choice, _space))
            {
                ParallelismChoice.Check(
                    choice.Model, choice.Accelerator, choice.TensorParallel, choice.PipelineParallel,
                    choice.ExpertParallel, choice.DataParallel, copies ?? 0);
            }
        }
        catch (BadInputException impossible)
        {
            var any = Candidate(choice.With(), price);
            _fallen.Add(new PlanFall(any, PlanStage.Impossible, impossible.Message, null));
            return;
        }
        foreach (var (deployment, memory) in PlanWidth.Tried(choice, _space))
        {
            if (memory.Fits)
            {
                engines.Add(Candidate(deployment, price));
                AddFitting(engines[^1]);
                continue;
            }
            _fallen.Add(new PlanFall(
                Candidate(deployment, price), PlanStage.Memory,
                FormattableString.Invariant($"{memory.MissingGb:0.#} GB per accelerator are missing"), null));
        }
    }

    PlanCandidate Candidate(Deployment deployment, PriceSpec price) => new()
    {
        Index = -1, Deployment = deployment, Policy = _space.Policies[0], Price = price,
    };

    void AddFitting(PlanCandidate fitting)
    {
        foreach (var candidate in Routed(fitting))
        {
            if (_space.Aggregated)
                _fitting.Add(candidate with { Index = _fitting.Count });
            if (_space.Disaggregated)
                AddShares(candidate);
        }
    }

    IEnumerable<PlanCandidate> Routed(PlanCandidate fitting) =>
        from policy in _space.Policies
        from router in _space.Routers
        select fitting with { Policy = policy, Router = router };

    void AddShares(PlanCandidate candidate)
    {
        foreach (var (prefill, serving) in PlanPools.Shares)
        {
            _fitting.Add(candidate with
            {
                Index = _fitting.Count, PrefillReplicas = prefill, ServingReplicas = serving,
            });
        }
    }

    /// <summary>Pools that are split each in its own way.</summary>
    void AddPools(List<PlanCandidate> engines)
    {
        foreach (var (prefill, serving) in PlanPools.Of(engines))
        {
            foreach (var candidate in Routed(serving with { PrefillDeployment = prefill.Deployment }))
                AddShares(candidate);
        }
    }
}
