using System;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Costing;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The interactive bill of the same traffic on another deployment: its own load line, its own fleet.
/// </summary>
sealed record Alternative(SimulatedEngine Engine, int Replicas, PicoDollars Bill)
{
    /// <summary>Null when the model or the requests do not fit, or the promise cannot be kept.</summary>
    /// <param name="request">What is asked, with one thing changed.</param>
    /// <param name="tokensPerRequest">Mean tokens that the bill is spread over.</param>
    /// <param name="progress">Told of each run.</param>
    public static Alternative? Of(AccountRequest request, double tokensPerRequest, RunProgress progress)
    {
        try
        {
            return Find(request, tokensPerRequest, progress);
        }
        catch (BadInputException)
        {
            return null;
        }
        catch (AggregateException several) when (
            several.Flatten().InnerExceptions.All(e => e is BadInputException))
        {
            // Simulations that run in parallel find the same fault at the same time.
            return null;
        }
    }

    static Alternative? Find(AccountRequest request, double tokensPerRequest, RunProgress progress)
    {
        var sized = EngineChoice.Of(request.Serving, request.SpareReplicas, progress);
        if (sized.Accelerators is not { } accelerators)
            return null;
        var engine = sized.Engine;
        var replicas = (int)(accelerators / engine.Deployment.Accelerators);
        var basis =
            new CostBasis(request.Price.UsdPerHour * engine.Deployment.Accelerators, tokensPerRequest);
        return new Alternative(
            engine, replicas, basis.PerMillionTokens(request.Serving.RequestsPerSecond / replicas));
    }
}
