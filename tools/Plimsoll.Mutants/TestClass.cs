using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Plimsoll.Mutants;

/// <summary>A class of tests, run once as it is: what it takes, and which mutants it comes by.</summary>
sealed class TestClass
{
    public required string Name { get; init; }

    public required TestRun Baseline { get; init; }

    public required HashSet<int> Reached { get; init; }

    /// <summary>Three times what it takes; on top of that, a process starts.</summary>
    public TimeSpan MostCpu => (3 * Baseline.Cpu) + TimeSpan.FromSeconds(5);

    /// <summary>For a mutant that waits for something that never comes.</summary>
    public TimeSpan MostWall => (10 * Baseline.Wall) + TimeSpan.FromMinutes(1);

    public static TestClass Of(string built, string name)
    {
        var file = Path.GetTempFileName();
        try
        {
            var run = TestRun.Of(
                built, [name], -1, TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(60), file);
            return new TestClass
            {
                Name = name,
                Baseline = run,
                Reached = [.. File.ReadLines(file).Select(int.Parse)],
            };
        }
        finally
        {
            File.Delete(file);
        }
    }
}
