using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Mutants;

/// <summary>
/// One area's mutants against its tests. The tests run once without a mutant, which says what they take and
/// which mutants they reach: one that a run never reaches needs no run to survive it.
/// </summary>
sealed class AreaRun
{
    readonly Area _area;
    readonly TestRun _own;
    readonly TestRun _wider;
    readonly ConcurrentDictionary<int, bool> _caught = [];

    public AreaRun(Area area, string root, string built)
    {
        _area = area;
        Planted = MutatedProject.Compile(root, area.Project, built, [area.Folder]);
        _own = new TestRun(built, area.Own);
        _wider = new TestRun(built, area.Wider);
    }

    /// <summary>Every mutant of the folder.</summary>
    public List<Mutant> Planted { get; }

    public bool IsCaught(Mutant mutant) => _caught[mutant.Id];

    /// <summary>Whether any test comes by the place.</summary>
    public bool IsReached(Mutant mutant) => _own.Reaches(mutant.Id) || _wider.Reaches(mutant.Id);

    /// <summary>False where the tests fail as they are.</summary>
    public bool Baseline() => _own.Baseline() && _wider.Baseline();

    public void Run(IReadOnlyCollection<Mutant> drawn)
    {
        var done = 0;
        var cores = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(Partitioner.Create(drawn, EnumerablePartitionerOptions.NoBuffering), cores, mutant =>
        {
            _caught[mutant.Id] = _own.Fails(mutant.Id) || _wider.Fails(mutant.Id);
            var survives = _caught[mutant.Id] ? "" : $"; survives: {mutant}";
            Console.Error.WriteLine(
                $"{_area.Folder} {Interlocked.Increment(ref done)} of {drawn.Count}{survives}");
        });
    }

    /// <summary>So many mutants at most, by the seed's order.</summary>
    public static Mutant[] Draw(IEnumerable<Mutant> mutants, int most, int seed)
    {
        var drawn = mutants.ToArray();
        new Random(seed).Shuffle(drawn);
        return most > 0 ? drawn[..Math.Min(most, drawn.Length)] : drawn;
    }
}
