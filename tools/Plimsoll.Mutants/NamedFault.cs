using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Mutants;

/// <summary>
/// A fault with a name: one that would bend what is billed or promised, that a golden alone, or nothing, once
/// noticed. Its text has to stand in its file exactly once, so that the list cannot outlive the code.
/// </summary>
/// <param name="Name">What goes wrong.</param>
/// <param name="File">In its project.</param>
/// <param name="Was">An expression, or statements.</param>
/// <param name="Now">What stands there instead.</param>
sealed record NamedFault(string Name, string File, string Was, string Now)
{
    public static readonly NamedFault[] All =
    [
        new("the fixed cost of a step goes to input", "Costing/StepCauses.cs",
            "split.FixedNs * shape.PrefillChunks / sequences", "split.FixedNs"),
        new("weights of input and cached input are swapped", "Accounts/CostBasis.cs",
            "[causes.InputNs, causes.CachedInputNs, causes.OutputNs]",
            "[causes.CachedInputNs, causes.InputNs, causes.OutputNs]"),
        new("a fleet is rounded down", "Search/FleetSize.cs",
            "Math.Ceiling(requestsPerSecond / loadLine - 1e-9)",
            "Math.Floor(requestsPerSecond / loadLine + 1e-9)"),
        new("the busiest hour is taken for the mean", "Search/FleetSize.cs",
            "peak * envelope.Count / sum", "peak > 0 ? 1.0 : sum"),
        new("TTFT leaves out what a request takes outside the engine", "Measures/RequestMeter.cs",
            "request.FirstTokenNs - request.ArrivalNs + overheadNs",
            "request.FirstTokenNs - request.ArrivalNs"),
        new("pairs of a prompt are those of a square", "Timing/StepShape.cs",
            "((long)tokens * (tokens - 1) / 2)", "0L"),
        new("every chunk has a row of logits", "Timing/StepShape.cs", "endsPrompt ? sign : 0", "sign"),
        new("cached context is charged for new, and new for cached", "Timing/StepTables.cs",
            "= CachedShare(shape)", "= 1 - CachedShare(shape)"),
        new("a prompt moves between pools in no time", "Simulation/FleetSimulation.cs",
            "nowNs + _fleet.KvTransferLatencyNs + transferNs", "nowNs"),
        new("nobody hears that a prefix was released", "Scheduling/KvBlockPool.cs",
            "FreeBlocks += _nodeBlocks;\n        Epoch++;", "FreeBlocks += _nodeBlocks;"),
        new("failures count as good", "Measures/PromiseMeter.cs",
            "good ? 1 : 0", "good || !request.Served ? 1 : 0"),
        new("a load line is found to 5 %", "Search/LoadLineSearch.cs",
            "precision * broken", "5 * precision * broken"),
    ];

    /// <summary>Those of a file.</summary>
    public static PlantedFile Planting(string path, string text, int firstId, ISet<int> refused)
    {
        var mutants = new List<Mutant>();
        foreach (var fault in All.Where(fault => fault.File == path))
        {
            if (text.Split(fault.Was).Length != 2)
                throw new InvalidOperationException($"{path} does not have this once: {fault.Was}");
            var id = firstId + mutants.Count;
            if (refused.Contains(id))
                throw new InvalidOperationException($"{fault.Name}: does not compile");
            text = text.Replace(fault.Was, fault.Switched(id));
            var at = text.IndexOf($"MutantSwitch.On({id})", StringComparison.Ordinal);
            mutants.Add(new Mutant(id, path, 1 + text[..at].Count(c => c == '\n'), fault.Was, fault.Now));
        }
        return new PlantedFile(text, mutants, firstId + mutants.Count);
    }

    string Switched(int id)
    {
        if (Was.EndsWith(';'))
            return $"if (MutantSwitch.On({id})) {{ {Now} }} else {{ {Was} }}";
        var equals = Was.StartsWith("= ", StringComparison.Ordinal) ? "= " : "";
        return $"{equals}(MutantSwitch.On({id}) ? ({Now[equals.Length..]}) : ({Was[equals.Length..]}))";
    }

    /// <summary>The name of a mutant that <see cref="Planting"/> planted.</summary>
    public static string NameOf(Mutant mutant) =>
        All.Single(fault => fault.File == mutant.File && fault.Was == mutant.Was).Name;
}
