namespace Podvirt.Simulator.Language;

/// <summary>What a reply consists of in place of prose, after its thinking: calls of functions, or text of a given form.</summary>
/// <param name="chooser">Makes the choices that are left.</param>
internal delegate IEnumerable<(Part Part, string Text)> Script(Chooser chooser);
