using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Plimsoll.Mutants;

// Plants faults in the rules that money and promises rest on and asks the tests whether they notice.
//
//   make mutate                         40 mutants of each folder, drawn with seed 1
//   make mutate MUTANTS="0 1"           every mutant (hours)
//   make mutate MUTANTS="100 7 Costing" 100 mutants of one folder, another seed
const double Promised = 0.8;

(string Project, string Folder, string[] Tests)[] areas =
[
    ("Plimsoll.Core", "Scheduling", ["Scheduling"]),
    ("Plimsoll.Core", "Costing", ["Costing"]),
    ("Plimsoll.Core", "Measures", ["Measures", "Simulation"]),
    ("Plimsoll.Planning", "Accounts", ["Accounts"]),
];
var root = Environment.CurrentDirectory;
var most = args.Length > 0 ? int.Parse(args[0]) : 40;
var seed = args.Length > 1 ? int.Parse(args[1]) : 1;
var built = Path.Combine(Path.GetTempPath(), $"plimsoll-mutants-{Environment.ProcessId}");
var tested = Path.Combine(root, "tests/Plimsoll.Tests/bin/Release/net10.0");
var report = new List<string> { $"mutation score, at most {most} mutants a folder, seed {seed}" };
var (caught, planted) = (0, 0);
try
{
    foreach (var (project, folder, tests) in areas)
    {
        if (args.Length > 2 && args[2] != folder)
            continue;
        Copy(tested, built);
        var mutants = MutatedProject.Compile(root, project, built, [folder]);
        var same = mutants.Where(mutant => Equivalents.Reason(mutant) is not null).ToList();
        var drawn = mutants.Except(same).ToArray();
        new Random(seed).Shuffle(drawn);
        drawn = most > 0 ? drawn[..Math.Min(most, drawn.Length)] : drawn;
        var run = new TestRun(built, tests);
        var clock = Stopwatch.StartNew();
        if (run.Fails(null, TimeSpan.FromMinutes(10)))
        {
            Console.Error.WriteLine($"The tests of {folder} fail without a mutant; see them run in {built}.");
            return 2;
        }
        var patience = (10 * clock.Elapsed) + TimeSpan.FromSeconds(20);
        var survivors = new List<Mutant>();
        foreach (var mutant in drawn)
        {
            if (!run.Fails(mutant.Id, patience))
            {
                survivors.Add(mutant);
                Console.Error.WriteLine($"survives: {mutant}");
            }
        }
        caught += drawn.Length - survivors.Count;
        planted += drawn.Length;
        report.Add($"  {folder,-12} {drawn.Length - survivors.Count,4} of {drawn.Length,4} caught, "
            + $"{mutants.Count} in all");
        report.AddRange(same.Select(mutant => $"    the same: {mutant} ({Equivalents.Reason(mutant)})"));
        report.AddRange(survivors.Select(mutant => $"    survives: {mutant}"));
    }
}
finally
{
    if (Environment.GetEnvironmentVariable("KEEP") is null)
        Directory.Delete(built, recursive: true);
}
var score = planted == 0 ? 1 : (double)caught / planted;
report.Add(
    FormattableString.Invariant($"  score        {100 * score:0.0} % (promised {100 * Promised:0} %)"));
foreach (var line in report)
    Console.WriteLine(line);
File.WriteAllLines(Path.Combine(root, "tests/mutation.txt"), report);
return score >= Promised ? 0 : 1;

static void Copy(string from, string to)
{
    foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
    {
        var target = Path.Combine(to, Path.GetRelativePath(from, file));
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(file, target, overwrite: true);
    }
}
