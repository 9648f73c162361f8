using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Planning.Levers;

/// <summary>
/// The fleet that levers are pulled on; its degrees of parallelism are left open, so that every variant has
/// its own best.
/// </summary>
public static class PlanSides
{
    /// <summary>A plan's best.</summary>
    public static ComparedSide Of(PlanOutcome outcome)
    {
        var best = outcome.Best[0].Candidate;
        var d = best.Deployment;
        return new ComparedSide
        {
            Model = d.Model, Weights = d.Weights, Kv = d.Kv, Accelerator = d.Accelerator, Price = best.Price,
            Engine = new ComparedEngine(d.Engine.Engine, d.Engine.EngineVersion, best.Policy),
            Workload = outcome.Request.Serving.Workload,
            RequestsPerSecond = outcome.Request.Serving.RequestsPerSecond,
            Levels = outcome.Request.Serving.Levels,
            Tuning = TuningOf(d.Engine),
        };
    }

    /// <summary>An account's fleet.</summary>
    public static ComparedSide Of(Serving serving, Core.Hardware.PriceSpec price) => new()
    {
        Model = serving.Deployment.Model, Weights = serving.Deployment.Weights, Kv = serving.Deployment.Kv,
        Accelerator = serving.Deployment.Accelerator, Price = price,
        Engine = new ComparedEngine(
            serving.Deployment.Engine.Engine, serving.Deployment.Engine.EngineVersion, serving.Policy),
        Workload = serving.Workload, RequestsPerSecond = serving.RequestsPerSecond, Levels = serving.Levels,
        Parallelism = new Parallelism(
            serving.Deployment.TensorParallel, serving.Deployment.PipelineParallel,
            serving.Deployment.ExpertParallel, serving.Deployment.DataParallel),
        Tuning = TuningOf(serving.Deployment.Engine),
    };

    static EngineTuning TuningOf(EngineSettings engine) => new(
        engine.MaxNumSeqs, engine.MaxNumBatchedTokens, engine.Speculation, engine.EnablePrefixCaching,
        engine.GpuMemoryUtilization, engine.KvTiers?.Name);
}
