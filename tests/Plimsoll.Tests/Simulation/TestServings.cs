using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Tests.Simulation;

static class TestServings
{
    /// <summary>A workload at its own rate on a deployment, with one level of service.</summary>
    public static Serving Of(
        Deployment deployment, Workload workload, long requests, params Limit[] limits) => new()
    {
        Deployment = DeploymentChoice.Of(deployment),
        Workload = workload,
        RequestsPerSecond = workload.RequestsPerSecond,
        Levels = [LevelPromise.Of(ServiceLevelSpec.Default, limits)],
        Requests = requests,
    };
}
