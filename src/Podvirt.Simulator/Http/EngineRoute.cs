namespace Podvirt.Simulator.Http;

/// <summary>One endpoint.</summary>
/// <param name="Path">Segments in braces stand for one segment of any text, which the endpoint finds among the request's route values.</param>
/// <param name="Inference">Whether it runs the model, and so is hit by the faults of inference.</param>
/// <param name="Errors">How it words its errors; null for the way of all the others.</param>
internal sealed record EngineRoute(
    string Method, string Path, Func<HttpContext, Task> Handle, bool Inference = false, Errors? Errors = null);
