namespace Podvirt.Gateway.Responses;

/// <summary>A response that an engine keeps in its memory, and where.</summary>
/// <param name="Id">The engine's own.</param>
/// <param name="Model">Whose answer it is.</param>
/// <param name="Replica">The one that has it; no other has.</param>
internal sealed record KeptResponse(string Id, string Model, string Replica);
