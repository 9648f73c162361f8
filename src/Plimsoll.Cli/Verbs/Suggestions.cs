using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Completions;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;

namespace Plimsoll.Cli.Verbs;

/// <summary>Names of the catalogue for shell completion, looked up only when a shell asks.</summary>
static class Suggestions
{
    /// <summary>Completes an option's value, which help goes on calling by the option's own name.</summary>
    public static void Suggest(this Option option, Func<CompletionContext, IEnumerable<CompletionItem>> names)
    {
        option.HelpName = option.Name.TrimStart('-');
        option.CompletionSources.Add(names);
    }

    public static void Suggest(this Option option, params string[] values) =>
        option.Suggest(_ => Array.ConvertAll(values, value => new CompletionItem(value)));

    public static IEnumerable<CompletionItem> Models(CompletionContext context)
    {
        foreach (var model in Catalogue.BuiltIn.Models)
            yield return new CompletionItem(model.Name);
    }

    public static IEnumerable<CompletionItem> Accelerators(CompletionContext context)
    {
        foreach (var accelerator in Catalogue.BuiltIn.Accelerators)
            yield return new CompletionItem(accelerator.Key);
    }

    public static IEnumerable<CompletionItem> Workloads(CompletionContext context)
    {
        foreach (var family in WorkloadFamily.BuiltIn)
            yield return new CompletionItem(family.Name);
    }

    public static IEnumerable<CompletionItem> ProviderTypes(CompletionContext context)
    {
        var types = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var price in Catalogue.BuiltIn.Prices)
        {
            types.Add(price.ProviderType);
            types.Add(price.Term);
        }
        foreach (var type in types)
            yield return new CompletionItem(type);
    }
}
