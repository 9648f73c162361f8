using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Plimsoll.Fuzz;
using SharpFuzz;

// Parsers under input that nobody would write.
//
//   make fuzz SECONDS=60                      every parser for a minute in all, from the corpus, mangled
//   plimsoll-fuzz trace --seconds 3600 [seed] one parser
//   afl-fuzz -i corpus/trace -o out -- plimsoll-fuzz trace     guided by coverage, once SharpFuzz's command
//                                             line has instrumented Plimsoll.Inputs.dll
var names = args is ["all", ..] ? ParserTargets.All.Keys.ToArray() : args[..1];
if (names.Length == 0 || !names.All(ParserTargets.All.ContainsKey))
{
    Console.Error.WriteLine($"expected all or one of {string.Join(", ", ParserTargets.All.Keys)}");
    return 2;
}
if (args.Length < 3 || args[1] != "--seconds")
{
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        ParserTargets.Run(ParserTargets.All[names[0]], copy.ToArray());
    });
    return 0;
}
var seconds = double.Parse(args[2]) / names.Length;
var seed = args.Length > 3 ? int.Parse(args[3]) : Environment.TickCount;
var failed = false;
foreach (var name in names)
{
    var corpus = Directory.GetFiles(Path.Combine("tools/Plimsoll.Fuzz/corpus", name))
        .Order().Select(File.ReadAllBytes).ToArray();
    var mangler = new Mangler(seed);
    var random = new Random(seed);
    var clock = Stopwatch.StartNew();
    long runs = 0;
    while (clock.Elapsed.TotalSeconds < seconds || runs < corpus.Length)
    {
        var whole = corpus[runs % corpus.Length];
        var bytes = runs < corpus.Length ? whole : mangler.Of(whole, corpus[random.Next(corpus.Length)]);
        var started = clock.Elapsed;
        var fault = FaultOf(name, bytes);
        if (fault is null && (clock.Elapsed - started).TotalSeconds > 10)
            fault = "more than ten seconds";
        runs++;
        if (fault is null)
            continue;
        failed = true;
        var file = Path.Combine(Path.GetTempPath(), $"plimsoll-fuzz-{name}-{runs}");
        File.WriteAllBytes(file, bytes);
        Console.WriteLine($"{name}: {fault.ReplaceLineEndings(" ")}\n  input: {file}");
        break;
    }
    Console.WriteLine($"{name}: {runs:N0} inputs, seed {seed}");
}
return failed ? 1 : 0;

static string? FaultOf(string name, byte[] bytes)
{
    try
    {
        ParserTargets.Run(ParserTargets.All[name], bytes);
        return null;
    }
    catch (Exception e)
    {
        return e.ToString();
    }
}
