using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Mutants;

// Plants faults in the rules that money and promises rest on and asks the tests whether they notice.
//
//   make mutate                           40 mutants of each folder, drawn with seed 1, and 40 with seed 2
//   make mutate MUTANTS="0 1"             every mutant (hours)
//   make mutate MUTANTS="100 7 Costing"   100 mutants of one folder, another seed
//
// A run over all folders writes what it prints to tests/mutation.txt.
const double Promised = 0.8;

var root = Environment.CurrentDirectory;
var most = args.Length > 0 ? int.Parse(args[0]) : 40;
var seeds = (args.Length > 1 ? args[1] : "1,2").Split(',').Select(int.Parse).ToArray();
var areas = Area.All.Where(area => args.Length < 3 || area.Folder == args[2]).ToArray();
if (areas.Length == 0)
{
    var names = string.Join(", ", Area.All.Select(area => area.Folder));
    Console.Error.WriteLine($"No such folder: {args[2]}; there are {names}");
    return 2;
}
var built = Path.Combine(Path.GetTempPath(), $"plimsoll-mutants-{Environment.ProcessId}");
var tested = Path.Combine(root, "tests/Plimsoll.Tests/bin/Release/net10.0");
var report = new List<string>();
var kept = true;
try
{
    Print($"mutation score, at most {most} mutants a folder and seed; promised {100 * Promised:0} % of each");
    foreach (var area in areas)
    {
        Copy(tested, built);
        var run = new AreaRun(area, root, built);
        if (run.Baseline() is { } failing)
        {
            Console.Error.WriteLine($"{failing} fails without a mutant.");
            return 2;
        }
        var same = run.Planted.Where(mutant => Equivalents.Reason(mutant) is not null).ToList();
        var draws = seeds.ToDictionary(
            seed => seed, seed => AreaRun.Draw(run.Planted.Except(same), most, seed));
        var all = draws.Values.SelectMany(drawn => drawn).Distinct().ToList();
        run.Run(all);
        foreach (var (seed, drawn) in draws)
        {
            var caught = drawn.Count(run.IsCaught);
            var score = (double)caught / drawn.Length;
            kept &= score >= Promised;
            Print(FormattableString.Invariant(
                $"  {area.Folder,-10} seed {seed,-3} {caught,3} of {drawn.Length,3} caught ")
                + FormattableString.Invariant($"{100 * score,6:0.0} %, {run.Planted.Count} in all"));
        }
        foreach (var mutant in same)
            Print($"    the same: {mutant} ({Equivalents.Reason(mutant)})");
        foreach (var mutant in all.Where(mutant => !run.IsCaught(mutant)).OrderBy(mutant => mutant.Id))
            Print($"    {(run.IsReached(mutant) ? "survives" : "no test comes by")}: {mutant}");
    }
}
finally
{
    if (Environment.GetEnvironmentVariable("KEEP") is null && Directory.Exists(built))
        Directory.Delete(built, recursive: true);
}
if (areas.Length == Area.All.Length)
    File.WriteAllLines(Path.Combine(root, "tests/mutation.txt"), report);
return kept ? 0 : 1;

void Print(string line)
{
    report.Add(line);
    Console.WriteLine(line);
}

static void Copy(string from, string to)
{
    foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
    {
        var target = Path.Combine(to, Path.GetRelativePath(from, file));
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(file, target, overwrite: true);
    }
}
