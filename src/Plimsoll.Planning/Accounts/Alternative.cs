using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Costing;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The interactive bill of the same traffic on another deployment: its own load line, its own fleet.
/// </summary>
/// <param name="Engine">One engine rank.</param>
/// <param name="Replicas">Of its fleet.</param>
/// <param name="Bill">Per million tokens.</param>
/// <param name="Bills">The same in every draw, USD; infinite where the promise cannot be kept.</param>
sealed record Alternative(
    SimulatedEngine Engine, int Replicas, PicoDollars Bill, IReadOnlyList<double> Bills)
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
        var drawn = sized.Drawn ?? DrawnLines.Of(sized, request.Serving, progress.Ran);
        return new Alternative(
            engine, replicas, basis.PerMillionTokens(request.Serving.RequestsPerSecond / replicas),
            DrawnFleets.Bills(request, engine, basis, drawn));
    }
}
