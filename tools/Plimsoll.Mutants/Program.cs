using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Mutants;

// Plants faults in the rules that money and promises rest on and asks the tests whether they notice.
//
//   make mutate                           the named faults, then of each folder 40 mutants drawn with seed 1
//                                         and 40 with seed 2
//   make mutate MUTANTS="0 1"             every mutant (hours)
//   make mutate MUTANTS="100 7 Costing"   100 mutants of one folder, another seed
//   make mutate MUTANTS="0 1 named"       the named faults alone
//
// A run over everything writes what it prints to tests/mutation.txt.
const double Promised = 0.8;

var root = Environment.CurrentDirectory;
var most = args.Length > 0 ? int.Parse(args[0]) : 40;
var seeds = (args.Length > 1 ? args[1] : "1,2").Split(',').Select(int.Parse).ToArray();
var named = Area.Named.Where(IsAsked).ToArray();
var folders = Area.Folders.Where(IsAsked).ToArray();
if (named.Length + folders.Length == 0)
{
    var names = string.Join(", ", Area.Named.Take(1).Concat(Area.Folders).Select(area => area.Name));
    Console.Error.WriteLine($"No such folder: {args[2]}; there are {names}");
    return 2;
}
var built = Path.Combine(Path.GetTempPath(), $"plimsoll-mutants-{Environment.ProcessId}");
var tested = Path.Combine(root, "tests/Plimsoll.Tests/bin/Release/net10.0");
var report = new List<string>();
var kept = true;
try
{
    if (named.Length > 0)
        Print("faults with a name, and the first test that fails; promised all of them");
    foreach (var area in named)
        RunNamed(Begun(area));
    var promised = $"promised {100 * Promised:0} % of each";
    if (folders.Length > 0)
        Print($"mutation score, at most {most} mutants a folder and seed; {promised}");
    foreach (var area in folders)
        RunFolder(area, Begun(area));
}
catch (FailingTestsException failing)
{
    Console.Error.WriteLine(failing.Message);
    return 2;
}
finally
{
    if (Environment.GetEnvironmentVariable("KEEP") is null && Directory.Exists(built))
        Directory.Delete(built, recursive: true);
}
if (args.Length < 3)
    File.WriteAllLines(Path.Combine(root, "tests/mutation.txt"), report);
return kept ? 0 : 1;

bool IsAsked(Area area) => args.Length < 3 || area.Name == args[2];

AreaRun Begun(Area area)
{
    Copy(tested, built);
    var run = new AreaRun(area, root, built);
    run.Baseline();
    return run;
}

void RunNamed(AreaRun run)
{
    run.Run(run.Planted);
    foreach (var mutant in run.Planted)
    {
        kept &= run.IsCaught(mutant);
        Print($"  {NamedFault.NameOf(mutant)}: {run.CaughtBy(mutant) ?? "survives"}");
    }
}

void RunFolder(Area area, AreaRun run)
{
    var same = run.Planted.Where(mutant => Equivalents.Reason(mutant) is not null).ToList();
    var draws = seeds.ToDictionary(
        seed => seed, seed => AreaRun.Draw(run.Planted, most, seed).Except(same).ToList());
    var all = draws.Values.SelectMany(drawn => drawn).Distinct().ToList();
    run.Run(all);
    foreach (var (seed, drawn) in draws)
    {
        var caught = drawn.Count(run.IsCaught);
        var score = (double)caught / drawn.Count;
        kept &= score >= Promised;
        Print(FormattableString.Invariant(
            $"  {area.Name,-10} seed {seed,-3} {caught,3} of {drawn.Count,3} caught ")
            + FormattableString.Invariant($"{100 * score,6:0.0} %, {run.Planted.Count} in all"));
    }
    foreach (var mutant in same)
        Print($"    the same: {mutant} ({Equivalents.Reason(mutant)})");
    foreach (var mutant in all.Where(mutant => !run.IsCaught(mutant)).OrderBy(mutant => mutant.Id))
        Print($"    {(run.IsReached(mutant) ? "survives" : "no test comes by")}: {mutant}");
}

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
