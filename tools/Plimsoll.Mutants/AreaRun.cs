using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Mutants;

/// <summary>
/// One area's mutants against its tests. Each class of tests runs once without a mutant, which says what it
/// takes and which mutants it comes by; a mutant then meets the classes that come by it, cheapest first.
/// </summary>
sealed class AreaRun
{
    /// <summary>
    /// Classes share a process that take no longer than this together, its start left out, which is most of
    /// what a quick class takes.
    /// </summary>
    static readonly TimeSpan Quick = TimeSpan.FromSeconds(6);

    readonly Area _area;
    readonly string _built;
    readonly ConcurrentDictionary<int, TestRun?> _caughtBy = [];
    readonly List<TestClass> _classes = [];

    public AreaRun(Area area, string root, string built)
    {
        _area = area;
        _built = built;
        Planted = MutatedProject.Compile(root, area.Project, built, area.Planting);
    }

    /// <summary>Every mutant of the area.</summary>
    public List<Mutant> Planted { get; }

    public bool IsCaught(Mutant mutant) => _caughtBy[mutant.Id] is not null;

    /// <summary>The first test that failed; null where none did.</summary>
    public string? CaughtBy(Mutant mutant) => _caughtBy[mutant.Id]?.Story;

    /// <summary>Whether any test comes by the place.</summary>
    public bool IsReached(Mutant mutant) => _classes.Exists(c => c.Reached.Contains(mutant.Id));

    /// <summary>Runs every class without a mutant.</summary>
    public void Baseline()
    {
        _classes.AddRange(TestRun.Classes(_built, _area.Tests).Where(_area.Asks).AsParallel()
            .WithDegreeOfParallelism(Environment.ProcessorCount).Select(name => TestClass.Of(_built, name)));
        foreach (var of in _classes)
        {
            if (of.Baseline.Failed)
                throw new FailingTestsException($"{of.Name} fails without a mutant: {of.Baseline.Story}");
            Console.Error.WriteLine(
                $"{of.Name}: {of.Baseline.Cpu.TotalSeconds:0.0} s, {of.Reached.Count} mutants");
        }
        _classes.Sort((a, b) => a.Baseline.Cpu.CompareTo(b.Baseline.Cpu));
    }

    public void Run(IReadOnlyCollection<Mutant> drawn)
    {
        var done = 0;
        var cores = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        var one = Partitioner.Create(drawn, EnumerablePartitionerOptions.NoBuffering);
        Parallel.ForEach(one, cores, mutant =>
        {
            _caughtBy[mutant.Id] = Processes(mutant).Select(classes => TestRun.Of(
                _built, classes.Select(c => c.Name), mutant.Id,
                TimeSpan.FromSeconds(classes.Sum(c => c.MostCpu.TotalSeconds)),
                TimeSpan.FromSeconds(classes.Sum(c => c.MostWall.TotalSeconds))))
                .FirstOrDefault(run => run.Failed);
            var survives = IsCaught(mutant) ? "" : $"; survives: {mutant}";
            Console.Error.WriteLine(
                $"{_area.Name} {Interlocked.Increment(ref done)} of {drawn.Count}{survives}");
        });
    }

    /// <summary>The quick classes that come by a mutant together, then each of the others.</summary>
    IEnumerable<List<TestClass>> Processes(Mutant mutant)
    {
        var together = new List<TestClass>();
        var taken = TimeSpan.Zero;
        var start = _classes[0].Baseline.Cpu;
        foreach (var of in _classes.Where(c => c.Reached.Contains(mutant.Id)))
        {
            var own = of.Baseline.Cpu - start;
            if (together.Count > 0 && taken + own > Quick)
            {
                yield return together;
                together = [];
                taken = TimeSpan.Zero;
            }
            together.Add(of);
            taken += own;
        }
        if (together.Count > 0)
            yield return together;
    }

    /// <summary>So many mutants at most, by the seed's order.</summary>
    public static Mutant[] Draw(IEnumerable<Mutant> mutants, int most, int seed)
    {
        var drawn = mutants.ToArray();
        new Random(seed).Shuffle(drawn);
        return most > 0 ? drawn[..Math.Min(most, drawn.Length)] : drawn;
    }
}

/// <summary>Tests that fail as they are tell nothing of a mutant.</summary>
sealed class FailingTestsException(string message) : Exception(message);
