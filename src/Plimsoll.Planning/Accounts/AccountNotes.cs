using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>What an account rests on, so that no figure stands alone.</summary>
static class AccountNotes
{
    public static IReadOnlyList<string> Of(AccountRequest request, SimulatedEngine engine)
    {
        var step = engine.StepTime;
        var notes = new List<string>
        {
            FormattableString.Invariant(
                $"step times: tier {step.Tier.ToString().ToLowerInvariant()} ({string.Join("; ", step.Curves.Sources)}); 90 % of steps within ")
            + FormattableString.Invariant($"{step.ErrorLow:0.00} to {step.ErrorHigh:0.00} of predicted"),
            FormattableString.Invariant(
                $"KV memory: {engine.Memory.Blocks:N0} blocks of {engine.Limits.BlockSize} tokens per engine rank, ")
            + (engine.Deployment.Engine.NumGpuBlocks is null ? "computed from memory" : "given by --num-gpu-blocks"),
            FormattableString.Invariant(
                $"price: {request.Price.UsdPerHour} USD per accelerator-hour, {request.Price.ProviderType} ")
            + FormattableString.Invariant($"{request.Price.Term} as of {request.Price.AsOf} ({request.Price.Source})"),
            $"workload: {request.Workload.Name} ({request.Workload.Source})",
            FormattableString.Invariant(
                $"load lines: {request.Requests:N0} simulated requests per probe, a tenth of them warm-up, seed {request.Seed}"),
        };
        notes.AddRange(step.Notes);
        return notes;
    }
}
