using Plimsoll.Core.Timing;


namespace Plimsoll.Planning.Simulation;

/// <summary>Told of <paramref name="steps"/> steps of one shape that follow each other.</summary>
/// <param name="replica">Who computed them.</param>
/// <param name="shape">The first of them; the others differ in context by less than a page.</param>
/// <param name="steps">How many.</param>
/// <param name="startNs">When the first began.</param>
/// <param name="stepNs">How long each took.</param>
public delegate void StepObserver(int replica, in StepShape shape, int steps, long startNs, long stepNs);
