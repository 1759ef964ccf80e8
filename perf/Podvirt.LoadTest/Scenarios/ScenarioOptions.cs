using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;

namespace Podvirt.LoadTest.Scenarios;

/// <param name="Quick">Fewer and shorter rounds, to try something out.</param>
/// <param name="Proxies">Which take part.</param>
/// <param name="Usage">What the client asks of the engine.</param>
internal sealed record ScenarioOptions(bool Quick, IReadOnlyList<string> Proxies, UsageOption Usage)
{
    public static readonly IReadOnlyList<string> AllProxies = [Proxy.Direct, Proxy.Haproxy, Proxy.Nginx, Proxy.Yarp, Proxy.Podvirt];

    public int Rounds(int whole, int quick) => Quick ? quick : whole;
}
