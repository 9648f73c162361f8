using System;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Backfill;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// Makes the account: (1) chooses the parallelism, (2) finds the load lines that the waterfall needs,
/// (3) sizes both fleets, (4) splits their cost. Independent probes run in parallel; none depends on the
/// order in which they finish.
/// </summary>
public sealed class Accountant
{
    /// <summary>Loads at which batch latencies are known, as shares of what a rank carries.</summary>
    static readonly double[] BatchLoads = [0.2, 0.4, 0.6, 0.75, 0.85, 0.95];

    readonly AccountRequest _request;
    readonly Serving _serving;
    readonly SimulatedEngine _engine;
    readonly SizedEngine _chosen;
    readonly LoadLineResult _own;
    readonly RunProgress _progress;
    readonly int _ranks;

    Accountant(AccountRequest request, SizedEngine chosen, RunProgress progress)
    {
        _request = request;
        _serving = request.Serving;
        _engine = chosen.Engine;
        _chosen = chosen;
        _own = chosen.Line;
        _progress = progress;
        _ranks = _engine.Ranks;
    }

    /// <summary>Accounts for one deployment, workload and price.</summary>
    public static AccountOutcome Account(AccountRequest request)
    {
        var progress = new RunProgress(request.Progress, RunProgress.Account);
        return new Accountant(
            request, EngineChoice.Of(request.Serving, request.SpareReplicas, progress), progress)
            .Run();
    }

    AccountOutcome Run()
    {
        SaturatedThroughput saturated = null!, unbounded = null!;
        Parallel.Invoke(
            () => saturated = SaturatedThroughput.Of(_engine, _serving, attributeTime: true),
            () => unbounded = SaturatedThroughput.Of(_engine.WithoutMemoryLimit(), _serving));
        var ceiling = saturated.RequestsPerSecond;
        if (_own.RequestsPerSecond <= 0)
            return BrokenPromise(_own, ceiling);
        var basis = Basis(saturated.Run);
        // Memory without bound carries no less: the engine need not fill it.
        var kernels = Math.Max(unbounded.RequestsPerSecond, ceiling);
        var levels = new Levels(
            FloorRequestsPerSecond(unbounded.Run), kernels * _ranks, ceiling * _ranks);
        var size = ProbeSize.Of(_serving, ceiling);
        var search = new LoadLineSearch(_engine, _serving, size) { AfterRun = _progress.Ran };
        var batchClass = new BatchClass(_request, _engine, basis, levels);
        var batchReplicas = FleetSize.Replicas(_serving.RequestsPerSecond, ceiling * _ranks);
        LoadLineResult smooth = null!;
        DrawnLines drawn = null!;
        SimulationResult atLine = null!, batchRun = null!;
        RateCurve batchCurve = null!;
        Parallel.Invoke(
            () => smooth = search.Find(ceiling, ArrivalProcess.Poisson),
            () => drawn = _chosen.Drawn ?? DrawnLines.Of(_chosen, _serving, _progress.Ran),
            () => atLine = search.Measure(_own, attributeTime: true),
            () => batchRun = search.Measure(
                batchClass.Rate(batchReplicas, ceiling), ArrivalProcess.Poisson),
            () => batchCurve = RateCurve.Of(
                new LoadLineSearch(_engine, _serving, size.Glance()) { AfterRun = _progress.Ran },
                BatchLoads.Select(load => load * ceiling), ArrivalProcess.Poisson));
        var interactive = new InteractiveClass(_request, _engine, basis, levels)
            .Account(smooth, _own, drawn, atLine, saturated.Run);
        var batch = batchClass.Account(batchReplicas, saturated, batchRun, drawn, batchCurve);
        var result = new AccountResult
        {
            Statement = Statement(),
            Classes = [interactive, batch],
            InteractiveOverBatch =
                (double)(interactive.Cost.UsdPerMillionTokens / batch.Cost.UsdPerMillionTokens),
            Ratio = new Ratio(_request, _engine).Of(_own, ceiling, drawn),
            Backfill = Backfill(interactive, basis, ceiling),
        };
        var levers = new Levers(
            _request, _engine, basis, interactive, batch, result.Backfill, drawn, _progress).All();
        var outcome = Outcome(result, null, _own, ceiling);
        return outcome with
        {
            AtLoadLine = atLine,
            BatchRun = batchRun,
            Drawn = drawn,
            Credits = levers.Credits,
            Notes = [.. outcome.Notes, .. levers.Failures],
        };
    }

    BackfillStatement? Backfill(ClassAccount interactive, CostBasis basis, double ceiling) =>
        _request.Backfill is not { } batch ? null : Backfills.Of(new BackfillRequest
        {
            Serving = _serving,
            Engine = _engine,
            Replicas = interactive.Fleet.Replicas,
            Ceiling = ceiling * _ranks,
            UsdPerReplicaHour = basis.UsdPerReplicaHour,
            TokensPerRequest = basis.TokensPerRequest,
            Batch = batch,
            BatchLinesPerSecond = _request.BackfillLinesPerSecond,
            MinShare = _request.BackfillShare,
            TenantWeights = _request.BackfillTenantWeights,
            WindowNs = _request.BatchWindowNs,
        });

    CostBasis Basis(SimulationResult run) => new(
        _request.Price.UsdPerHour * _engine.Deployment.Accelerators,
        (double)(run.PromptTokens + run.OutputTokens) / Math.Max(1, run.Completed));

    /// <summary>
    /// Requests per second of one replica at the physical floor, over the lengths of the workload and with
    /// the hit rate that the prefix cache had.
    /// </summary>
    double FloorRequestsPerSecond(SimulationResult run)
    {
        const long Sample = 10_000;
        var arrivals = _serving.Workload.Open(
            _serving.Workload.RequestsPerSecond, Sample, _serving.Seed, ArrivalProcess.AtOnce);
        var hitRate = run.PrefixHitRate ?? 0;
        double sumNs = 0;
        long count = 0;
        while (count < Sample && arrivals.TryPeek(out var atNs))
        {
            arrivals.Take(out var arrival);
            sumNs += ModelLimits.FloorNsPerRequest(
                _engine.Deployment, arrival.PromptTokens, (long)(hitRate * arrival.PromptTokens),
                Math.Max(1, arrival.OutputTokens));
            count++;
            arrivals.Finished(arrival.Session, atNs);
        }
        return count * 1e9 / sumNs;
    }

    AccountOutcome BrokenPromise(LoadLineResult line, double ceiling)
    {
        var replica =
            $"a replica of {_engine.Deployment.Accelerators} × {_serving.Deployment.Accelerator.Name}";
        var idleS = 1 / (LoadLineSearch.IdleShare * ceiling * _ranks);
        var broken = line.Binding is { } binding
            ? FormattableString.Invariant($"{PromiseText.Of(binding.Limit)} is missed by a factor of ")
                + FormattableString.Invariant(
                    $"{binding.Ratio:0.00} ({binding.MeasuredNs / 1e6:#,0.#} ms) even when ")
                + FormattableString.Invariant($"{replica} gets a request every {idleS:#,0.#} s")
            : FormattableString.Invariant(
            $"{100 * line.Unserved:0.#} % of the requests of {_serving.Workload.Name} ")
                + (_engine.Deployment.Model is var model && model.MaxContext < _engine.Memory.Tokens
                    ? FormattableString.Invariant(
                        $"do not fit the {model.MaxContext:N0} tokens of context of {model.Name}")
                    : FormattableString.Invariant(
                        $"do not fit the {_engine.Memory.Tokens:N0} tokens of KV memory of {replica}"));
        return Outcome(null, $"the promise cannot be kept: {broken}", line, ceiling) with
        {
            Missed = line.Binding,
        };
    }

    AccountOutcome Outcome(
        AccountResult? result, string? broken, LoadLineResult line, double ceiling) => new()
    {
        Request = _request,
        Engine = _engine,
        Result = result,
        Broken = broken,
        LoadLine = line.RequestsPerSecond * _ranks,
        Ceiling = ceiling * _ranks,
        Size = ProbeSize.Of(_serving, ceiling),
        Notes = AccountNotes.Of(_request, _chosen, ProbeSize.Of(_serving, ceiling)),
    };

    Statement Statement()
    {
        var d = _engine.Deployment;
        return new Statement(
            d.Model.Name,
            new DeploymentStatement(
                d.Accelerator.Name, d.TensorParallel, d.PipelineParallel, d.ExpertParallel, d.DataParallel,
                d.Weights.Name(), d.Kv.Name(), d.Engine.Engine, _serving.Policy.Name),
            _serving.Workload.Name,
            new PriceStatement(
                (double)_request.Price.UsdPerHour, _request.Price.ProviderType, _request.Price.AsOf,
                _request.Price.Source));
    }
}

/// <summary>Requests per second of one replica at the first three levels of the waterfall.</summary>
sealed record Levels(double Floor, double Kernels, double Memory);
