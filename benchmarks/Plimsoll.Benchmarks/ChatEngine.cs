using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>The deployment that all figures are measured on: Llama-3.3-70B on eight H100.</summary>
static class ChatEngine
{
    /// <summary>What it promises, and what an account promises by itself.</summary>
    public static IReadOnlyList<LevelPromise> Levels { get; } =
    [
        LevelPromise.Of(
            ServiceLevelSpec.Default,
            [new Limit(Metric.Ttft, 95, 500_000_000), new Limit(Metric.Tpot, 95, 50_000_000)]),
    ];

    public static SimulatedEngine Create() => SimulatedEngine.Of(
        new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel("Llama-3.3-70B"),
            Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
            TensorParallel = 8,
        },
        SchedulingPolicy.VllmV1);
}
