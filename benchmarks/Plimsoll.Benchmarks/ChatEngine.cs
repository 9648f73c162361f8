using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Simulation;


namespace Plimsoll.Benchmarks;

/// <summary>The deployment that all figures are measured on: Llama-3.3-70B on eight H100.</summary>
static class ChatEngine
{
    public static SimulatedEngine Create() => SimulatedEngine.Of(
        new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel("Llama-3.3-70B"),
            Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
            TensorParallel = 8,
        },
        SchedulingPolicy.VllmV1);
}
