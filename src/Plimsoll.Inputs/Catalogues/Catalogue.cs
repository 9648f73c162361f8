using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>The facts inside the binary, each with source and date, and how people name them.</summary>
public sealed class Catalogue
{
    readonly Lazy<IReadOnlyList<AcceleratorSpec>> _accelerators =
        Load("accelerators.csv", CatalogueFiles.Accelerators);
    readonly Lazy<IReadOnlyList<PriceSpec>> _prices = Load("prices.csv", CatalogueFiles.Prices);
    readonly Lazy<IReadOnlyList<ModelSpec>> _models = new(() =>
    [
        .. Resource.Read("models.csv", CatalogueFiles.Models),
        .. Resource.Read("models-served.csv", CatalogueFiles.Models),
    ]);
    readonly Lazy<IReadOnlyList<ApiPriceSpec>> _apiPrices = Load("api-prices.csv", CatalogueFiles.ApiPrices);

    Catalogue()
    {
    }

    public static Catalogue BuiltIn { get; } = new();

    public IReadOnlyList<AcceleratorSpec> Accelerators => _accelerators.Value;

    public IReadOnlyList<PriceSpec> Prices => _prices.Value;

    public IReadOnlyList<ModelSpec> Models => _models.Value;

    public IReadOnlyList<ApiPriceSpec> ApiPrices => _apiPrices.Value;

    /// <summary>The accelerator of this key or name; case, spaces and punctuation do not matter.</summary>
    public AcceleratorSpec FindAccelerator(string name)
    {
        var wanted = Names.Plain(name);
        AcceleratorSpec? beginning = null;
        foreach (var accelerator in Accelerators)
        {
            if (Names.Plain(accelerator.Key) == wanted || Names.Plain(accelerator.Name) == wanted)
                return accelerator;
            // "h100" means the SXM board, which is what fleets run.
            if (wanted.Length > 0 && Names.Plain(accelerator.Key) == wanted + "sxm")
                beginning = accelerator;
        }
        return beginning
            ?? throw Names.Unknown(Setting.Accelerator, name, Accelerators, a => a.Key, "accelerators");
    }

    /// <summary>The model of this name, or of the <c>config.json</c> at this path.</summary>
    public ModelSpec FindModel(string nameOrPath)
    {
        if (nameOrPath.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || File.Exists(nameOrPath))
            return HuggingFaceConfig.Read(nameOrPath);
        if (Directory.Exists(nameOrPath))
            return HuggingFaceConfig.Read(Path.Combine(nameOrPath, "config.json"));
        var wanted = Names.PlainModel(nameOrPath);
        foreach (var model in Models)
        {
            if (Names.PlainModel(model.Name) == wanted)
                return model;
        }
        throw Names.Unknown(Setting.Model, nameOrPath, Models, m => m.Name, "models");
    }

    /// <summary>The price that is asked for, or the default; see <see cref="PriceChoice"/>.</summary>
    /// <param name="accelerator">What is paid for.</param>
    /// <param name="text">An amount, or a provider type with an optional date; null for the default.</param>
    /// <param name="givenBy">Source of an amount that was given.</param>
    public PriceSpec FindPrice(AcceleratorSpec accelerator, string? text, string givenBy = "given") =>
        PriceChoice.Find(Prices, accelerator, text, givenBy);

    static Lazy<IReadOnlyList<T>> Load<T>(string file, Func<string, TextReader, IReadOnlyList<T>> read) =>
        new(() => Resource.Read(file, read));
}
