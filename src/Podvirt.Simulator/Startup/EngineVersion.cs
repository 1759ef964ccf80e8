namespace Podvirt.Simulator.Startup;

/// <summary>The engine version that the simulator speaks for.</summary>
internal static class EngineVersion
{
    public const string Text = "0.17.1";
}
