using System;
using System.Threading.Tasks;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
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
    readonly SimulatedEngine _engine;
    readonly LoadLineSearch _search;
    readonly AccountProgress _progress;
    readonly int _ranks;

    Accountant(AccountRequest request, SimulatedEngine engine, AccountProgress progress)
    {
        _request = request;
        _engine = engine;
        _progress = progress;
        _ranks = engine.Ranks;
        _search = SearchOf(request, engine, request.Requests, progress);
    }

    /// <summary>Accounts for one deployment, workload and price.</summary>
    public static AccountOutcome Account(AccountRequest request)
    {
        var progress = new AccountProgress(request.Progress, request.Requests, AccountProgress.Account);
        var engine = Choose(request, progress);
        return new Accountant(request, engine, progress).Run();
    }

    /// <summary>
    /// The engine of the cheapest deployment that keeps the promise; the nearest miss if none does.
    /// </summary>
    public static SimulatedEngine Choose(AccountRequest request) =>
        Choose(request, new AccountProgress(request.Progress, request.Requests, AccountProgress.Choice));

    internal static SimulatedEngine Choose(AccountRequest request, AccountProgress progress)
    {
        var context = (int)(request.Workload.MeanPromptTokens + request.Workload.MeanOutputTokens);
        var deployments = ParallelismChoice.Candidates(request);
        var engines = new SimulatedEngine[deployments.Count];
        for (var i = 0; i < engines.Length; i++)
        {
            var stepTime =
                request.Profile?.ModelOf(deployments[i]) ?? StepTimeCatalogue.ModelOf(deployments[i]);
            engines[i] = SimulatedEngine.Of(stepTime, request.Policy, context);
        }
        if (engines.Length == 1)
            return engines[0];

        // A quarter of the requests tells the candidates apart; the winner is measured in full.
        var requests = Math.Max(
            Math.Max(2_000, request.Requests / 4), LoadLineSearch.NeededRequests(request.Promise));
        var lines = new LoadLineResult[engines.Length];
        Parallel.For(0, engines.Length, i =>
        {
            lines[i] = LineOf(request, engines[i], requests, progress);
        });
        var best = 0;
        for (var i = 1; i < engines.Length; i++)
        {
            if (IsBetter(engines[i], lines[i], engines[best], lines[best]))
                best = i;
        }
        return engines[best];
    }

    /// <summary>The load line of one candidate; one that serves nothing at all has none.</summary>
    internal static LoadLineResult LineOf(
        AccountRequest request, SimulatedEngine engine, long requests, AccountProgress progress)
    {
        var search = SearchOf(request, engine, requests, progress);
        var ceiling = SaturatedThroughput.Find(engine, request.Workload, requests, request.Seed);
        progress.Ran(requests);
        return ceiling is null
            ? new LoadLineResult(0, null, Unserved: 1) : search.Find(ceiling.RequestsPerSecond);
    }

    static bool IsBetter(SimulatedEngine a, LoadLineResult lineOfA, SimulatedEngine b, LoadLineResult lineOfB)
    {
        if (lineOfA.RequestsPerSecond > 0 && lineOfB.RequestsPerSecond > 0)
        {
            return a.Deployment.Accelerators * lineOfB.RequestsPerSecond
                < b.Deployment.Accelerators * lineOfA.RequestsPerSecond;
        }
        if (lineOfA.RequestsPerSecond > 0 || lineOfB.RequestsPerSecond > 0)
            return lineOfA.RequestsPerSecond > 0;
        return lineOfA.Unserved < lineOfB.Unserved
            || (lineOfA.Unserved == lineOfB.Unserved && lineOfA.Binding?.Ratio < lineOfB.Binding?.Ratio);
    }

    static LoadLineSearch SearchOf(
        AccountRequest request, SimulatedEngine engine, long requests, AccountProgress progress) =>
        new(engine, request.Workload, request.Promise, requests, request.Seed)
        {
            AfterRun = () => progress.Ran(requests),
        };

    AccountOutcome Run()
    {
        var workload = _request.Workload;
        var error = _engine.StepTime.Error;
        SaturatedThroughput saturated = null!, unbounded = null!, fastest = null!, slowest = null!;
        Parallel.Invoke(
            () => saturated = Saturated(StepEnd.Predicted, attributeTime: true),
            () => fastest = Saturated(error.Fast),
            () => slowest = Saturated(error.Slow),
            () => unbounded = SaturatedThroughput.Of(
                _engine.WithoutMemoryLimit(), workload, _request.Requests, _request.Seed));
        var ceiling = saturated.RequestsPerSecond;
        LoadLineResult smooth = null!, own = null!, fast = null!, slow = null!;
        Parallel.Invoke(
            () => smooth = _search.Find(ceiling, ArrivalProcess.Poisson),
            () => own = _search.Find(ceiling),
            () => fast = _search.Find(fastest.RequestsPerSecond, ArrivalProcess.Own, error.Fast),
            () => slow = _search.Find(slowest.RequestsPerSecond, ArrivalProcess.Own, error.Slow));
        if (own.RequestsPerSecond <= 0)
            return BrokenPromise(own, ceiling);

        var basis = Basis(saturated.Run);
        var floor = FloorRequestsPerSecond(unbounded.Run);
        // Memory without bound carries no less: the engine need not fill it.
        var kernels = Math.Max(unbounded.RequestsPerSecond, ceiling);
        var levels = new Levels(floor, kernels * _ranks, ceiling * _ranks);
        SimulationBounds atLine = null!, batchRun = null!;
        var batchReplicas = FleetSize.Replicas(_request.RequestsPerSecond, ceiling * _ranks);
        var batchRate = Math.Min(0.95 * ceiling, _request.RequestsPerSecond / batchReplicas / _ranks);
        Parallel.Invoke(
            () => atLine = SimulationBounds.Of(error, end => _search.Measure(
                own.RequestsPerSecond, ArrivalProcess.Own, end.IsPredicted, end)),
            () => batchRun = SimulationBounds.Of(error, end => _search.Measure(
                batchRate, ArrivalProcess.Poisson, attributeTime: false, end)));
        var interactive = new InteractiveClass(_request, _engine, basis, levels)
            .Account(smooth, own, fast, slow, atLine);
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
        };
        return Outcome(result, null, own, ceiling) with
        {
            AtLoadLine = atLine.Run,
            BatchRun = batchRun.Run,
            SlowdownAtEnds = (ceiling / fastest.RequestsPerSecond, ceiling / slowest.RequestsPerSecond),
            Credits = Levers.Of(_request, basis, interactive, batch, _progress),
        };
    }

    SaturatedThroughput Saturated(StepEnd end, bool attributeTime = false) => SaturatedThroughput.Of(
        _engine, _request.Workload, _request.Requests, _request.Seed, attributeTime, end);

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
        var arrivals = _request.Workload.Open(
            _request.Workload.RequestsPerSecond, Sample, _request.Seed, ArrivalProcess.AtOnce);
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
        var replica = $"a replica of {_engine.Deployment.Accelerators} × {_request.Accelerator.Name}";
        var idleS = 1 / (LoadLineSearch.IdleShare * ceiling * _ranks);
        var broken = line.Binding is { } binding
            ? FormattableString.Invariant($"{PromiseText.Of(binding.Limit)} is missed by a factor of ")
                + FormattableString.Invariant(
                    $"{binding.Ratio:0.00} ({binding.MeasuredNs / 1e6:#,0.#} ms) even when ")
                + FormattableString.Invariant($"{replica} gets a request every {idleS:#,0.#} s")
            : FormattableString.Invariant(
                $"{100 * line.Unserved:0.#} % of the requests of {_request.Workload.Name} ")
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
        Notes = AccountNotes.Of(_request, _engine),
    };

    Statement Statement()
    {
        var d = _engine.Deployment;
        return new Statement(
            d.Model.Name,
            new DeploymentStatement(
                d.Accelerator.Name, d.TensorParallel, d.PipelineParallel, d.ExpertParallel, d.DataParallel,
                d.Weights.Name(), d.Kv.Name(), d.Engine.Engine, _request.Policy.Name),
            _request.Workload.Name,
            new PriceStatement(
                (double)_request.Price.UsdPerHour, _request.Price.ProviderType, _request.Price.AsOf,
                _request.Price.Source));
    }
}

/// <summary>Requests per second of one replica at the first three levels of the waterfall.</summary>
sealed record Levels(double Floor, double Kernels, double Memory);
