using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Plimsoll.Mutants;

/// <summary>
/// Plants mutants in one file's text, numbered from <paramref name="firstId"/>, those left out that were
/// <paramref name="refused"/>.
/// </summary>
delegate PlantedFile Planting(string path, string text, int firstId, ISet<int> refused);

/// <summary>A file with its mutants, and the number that the next file begins with.</summary>
sealed record PlantedFile(string Text, IReadOnlyList<Mutant> Mutants, int NextId);

/// <summary>A project compiled with every mutant of a planting in it, all switched off.</summary>
sealed class MutatedProject
{
    /// <summary>
    /// Read once, so that a mutant costs a comparison; a number that no mutant has means none. Where a file
    /// is named, the numbers of all that were come by are written to it.
    /// </summary>
    const string Switch = """
        using System.Linq;

        static class MutantSwitch
        {
            static readonly int _on =
                int.Parse(System.Environment.GetEnvironmentVariable("PLIMSOLL_MUTANT") ?? "-1");
            static readonly bool[]? _reached = Watch();

            internal static bool On(int id)
            {
                if (_reached is not null)
                    _reached[id] = true;
                return id == _on;
            }

            static bool[]? Watch()
            {
                var file = System.Environment.GetEnvironmentVariable("PLIMSOLL_MUTANTS_REACHED");
                if (string.IsNullOrEmpty(file))
                    return null;
                var reached = new bool[100_000];
                System.AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.File.WriteAllLines(
                    file, System.Linq.Enumerable.Range(0, reached.Length)
                        .Where(id => reached[id]).Select(id => id.ToString()));
                return reached;
            }
        }
        """;

    static readonly CSharpParseOptions Options = new(LanguageVersion.Latest);
    static readonly string Framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    readonly string _source;
    readonly string _built;
    readonly Planting _planting;
    readonly HashSet<int> _refused = [];

    MutatedProject(string source, string built, Planting planting)
    {
        (_source, _built, _planting) = (source, built, planting);
    }

    /// <summary>
    /// Compiles <paramref name="name"/> with mutants into <paramref name="built"/>, over what lies there. A
    /// mutant that does not compile is taken back.
    /// </summary>
    public static List<Mutant> Compile(string root, string name, string built, Planting planting) =>
        new MutatedProject(Path.Combine(root, "src", name), built, planting).Compile(name);

    List<Mutant> Compile(string name)
    {
        while (true)
        {
            var (trees, mutants) = Plant();
            Compilation compilation = CSharpCompilation.Create(name, trees, References(name),
                new CSharpCompilationOptions(
                    OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release,
                    allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
            CSharpGeneratorDriver.Create(Generators(), parseOptions: Options)
                .RunGeneratorsAndUpdateCompilation(compilation, out compilation, out _);
            using var image = new MemoryStream();
            var result = compilation.Emit(image);
            if (result.Success)
            {
                File.WriteAllBytes(Path.Combine(_built, name + ".dll"), image.ToArray());
                return mutants;
            }
            TakeBack(result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).ToList());
        }
    }

    (List<SyntaxTree> Trees, List<Mutant> Mutants) Plant()
    {
        var trees = new List<SyntaxTree>
        {
            CSharpSyntaxTree.ParseText(Switch, Options),
            CSharpSyntaxTree.ParseText(
                "[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"Plimsoll.Tests\")]\n"
                + "[assembly: System.Reflection.AssemblyVersion(\"0.1.0.0\")]", Options),
        };
        var mutants = new List<Mutant>();
        var id = 0;
        foreach (var file in Directory.EnumerateFiles(_source, "*.cs", SearchOption.AllDirectories).Order())
        {
            var path = Path.GetRelativePath(_source, file).Replace('\\', '/');
            if (path.StartsWith("obj/") || path.StartsWith("bin/"))
                continue;
            var planted = _planting(path, File.ReadAllText(file), id, _refused);
            id = planted.NextId;
            mutants.AddRange(planted.Mutants);
            trees.Add(CSharpSyntaxTree.ParseText(planted.Text, Options, path));
        }
        return (trees, mutants);
    }

    /// <summary>The mutants around each error, or all of its file where none is.</summary>
    void TakeBack(List<Diagnostic> errors)
    {
        var before = _refused.Count;
        foreach (var error in errors)
        {
            var node = error.Location.SourceTree!.GetRoot().FindNode(error.Location.SourceSpan);
            for (SyntaxNode? outer = node; outer is not null; outer = outer.Parent)
            {
                var found = System.Text.RegularExpressions.Regex.Matches(
                    outer.ToString(), @"MutantSwitch\.On\((\d+)\)");
                foreach (System.Text.RegularExpressions.Match match in found)
                    _refused.Add(int.Parse(match.Groups[1].Value));
                if (found.Count > 0)
                    break;
            }
        }
        if (_refused.Count == before)
            throw new InvalidOperationException($"Not a mutant's fault: {errors[0]}");
    }

    /// <summary>The framework, and what the project was built with.</summary>
    List<MetadataReference> References(string name)
    {
        var references = new List<MetadataReference>();
        foreach (var file in Directory.EnumerateFiles(Framework, "*.dll")
            .Concat(Directory.EnumerateFiles(_built, "*.dll")))
        {
            if (Path.GetFileNameWithoutExtension(file) != name && IsManaged(file))
                references.Add(MetadataReference.CreateFromFile(file));
        }
        return references;
    }

    static bool IsManaged(string file)
    {
        using var image = new PEReader(File.OpenRead(file));
        return image.HasMetadata;
    }

    /// <summary>Those of the SDK: JSON contexts and regular expressions are partial without them.</summary>
    static IEnumerable<ISourceGenerator> Generators()
    {
        var dotnet = Path.GetFullPath(Path.Combine(Framework, "..", "..", ".."));
        var pack = Path.Combine(dotnet, "packs", "Microsoft.NETCore.App.Ref");
        var analyzers = Path.Combine(
            Directory.EnumerateDirectories(pack, "10.*").Max()!, "analyzers", "dotnet", "cs");
        foreach (var file in Directory.EnumerateFiles(analyzers, "*.Generators.dll")
            .Concat(Directory.EnumerateFiles(analyzers, "*SourceGeneration.dll")))
        {
            foreach (var type in Assembly.LoadFrom(file).GetTypes())
            {
                if (!type.IsAbstract && typeof(IIncrementalGenerator).IsAssignableFrom(type))
                    yield return ((IIncrementalGenerator)Activator.CreateInstance(type)!).AsSourceGenerator();
            }
        }
    }
}
