using System;
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
    readonly AccountRequest _request;
    readonly Serving _serving;
    readonly SimulatedEngine _engine;
    readonly LoadLineResult _own;
    readonly RunProgress _progress;
    readonly int _ranks;

    Accountant(AccountRequest request, SizedEngine chosen, RunProgress progress)
    {
        _request = request;
        _serving = request.Serving;
        _engine = chosen.Engine;
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
        var error = _engine.StepTime.Error;
        SaturatedThroughput saturated = null!, unbounded = null!, fastest = null!, slowest = null!;
        Parallel.Invoke(
            () => saturated = Saturated(StepEnd.Predicted, attributeTime: true),
            () => fastest = Saturated(error.Fast),
            () => slowest = Saturated(error.Slow),
            () => unbounded = SaturatedThroughput.Of(_engine.WithoutMemoryLimit(), _serving));
        var ceiling = saturated.RequestsPerSecond;
        if (_own.RequestsPerSecond <= 0)
            return BrokenPromise(_own, ceiling);
        var size = ProbeSize.Of(_serving, ceiling);
        var search = new LoadLineSearch(_engine, _serving, size) { AfterRun = _progress.Ran };
        LoadLineResult own = _own, smooth = null!, fast = null!, slow = null!;
        Parallel.Invoke(
            () => smooth = search.Find(ceiling, ArrivalProcess.Poisson),
            () => fast = search.Find(fastest.RequestsPerSecond, ArrivalProcess.Own, error.Fast),
            () => slow = search.Find(slowest.RequestsPerSecond, ArrivalProcess.Own, error.Slow));
        var basis = Basis(saturated.Run);
        var floor = FloorRequestsPerSecond(unbounded.Run);
        // Memory without bound carries no less: the engine need not fill it.
        var kernels = Math.Max(unbounded.RequestsPerSecond, ceiling);
        var levels = new Levels(floor, kernels * _ranks, ceiling * _ranks);
        SimulationBounds atLine = null!, batchRun = null!;
        var batchReplicas = FleetSize.Replicas(_serving.RequestsPerSecond, ceiling * _ranks);
        var batchRate = Math.Min(0.95 * ceiling, _serving.RequestsPerSecond / batchReplicas / _ranks);
        Parallel.Invoke(
            () => atLine = SimulationBounds.Of(error, end => search.Measure(
                own.RequestsPerSecond, ArrivalProcess.Own, end.IsPredicted, end)),
            () => batchRun = SimulationBounds.Of(error, end => search.Measure(
                batchRate, ArrivalProcess.Poisson, attributeTime: false, end)));
        var interactive = new InteractiveClass(_request, _engine, basis, levels)
            .Account(smooth, own, fast, slow, atLine, saturated.Run);
        var (batch, batchBroken) = new BatchClass(_request, _engine, basis, levels)
            .Account(
                batchReplicas, saturated, (fastest.RequestsPerSecond, slowest.RequestsPerSecond), batchRun);
        if (batchBroken is not null)
            return Outcome(null, batchBroken, own, ceiling);
        var result = new AccountResult
        {
            Statement = Statement(),
            Classes = [interactive, batch],
            InteractiveOverBatch =
                (double)(interactive.Cost.UsdPerMillionTokens / batch.Cost.UsdPerMillionTokens),
            Ratio = new Ratio(_request, _engine, size).Of(
                own, ceiling, (fast, fastest.RequestsPerSecond), (slow, slowest.RequestsPerSecond)),
            Backfill = Backfill(interactive, basis, ceiling),
        };
        return Outcome(result, null, own, ceiling) with
        {
            AtLoadLine = atLine.Run,
            BatchRun = batchRun.Run,
            CeilingAtEnds = (fastest.RequestsPerSecond * _ranks, slowest.RequestsPerSecond * _ranks),
            Credits = Levers.Of(_request, basis, interactive, batch, result.Backfill, _progress),
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
            WindowNs = _request.BatchWindowNs,
        });

    SaturatedThroughput Saturated(StepEnd end, bool attributeTime = false) => SaturatedThroughput.Of(
        _engine, _serving, attributeTime, end);

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
                + FormattableString.Invariant(
                    $"do not fit the {_engine.Memory.Tokens:N0} tokens of KV memory of {replica}");
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
        Notes = AccountNotes.Of(_request, _engine, ProbeSize.Of(_serving, ceiling)),
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
