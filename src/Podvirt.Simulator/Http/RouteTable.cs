namespace Podvirt.Simulator.Http;

/// <summary>Finds the endpoint of a request: by its whole path if that is one, else by the first path with open parts that it fits.</summary>
internal sealed class RouteTable
{
    private readonly ILookup<string, EngineRoute> _plain;
    private readonly (string[] Parts, EngineRoute Route)[] _open;

    public RouteTable(IEnumerable<EngineRoute> routes)
    {
        var all = routes.ToLookup(route => route.Path.Contains('{', StringComparison.Ordinal));
        _plain = all[false].ToLookup(route => route.Path);
        _open = [.. all[true].Select(route => (route.Path.Split('/'), route))];
    }

    /// <summary>Also gives the request the route values that its path has.</summary>
    /// <exception cref="RequestException">There is no such path, or not with this method.</exception>
    public EngineRoute Find(HttpRequest request, string path)
    {
        var known = false;
        foreach (var route in _plain[path])
        {
            known = true;
            if (route.Method == request.Method)
            {
                return route;
            }
        }

        var given = path.Split('/');
        foreach (var (parts, route) in _open)
        {
            if (!Fits(parts, given))
            {
                continue;
            }

            known = true;
            if (route.Method == request.Method)
            {
                foreach (var (part, value) in parts.Zip(given).Where(pair => IsOpen(pair.First)))
                {
                    request.RouteValues[part[1..^1]] = value;
                }

                return route;
            }
        }

        throw RequestException.Http(known ? StatusCodes.Status405MethodNotAllowed : StatusCodes.Status404NotFound);
    }

    private static bool Fits(string[] parts, string[] given) =>
        parts.Length == given.Length && parts.Zip(given).All(pair => pair.First == pair.Second || (IsOpen(pair.First) && pair.Second.Length > 0));

    private static bool IsOpen(string part) => part is ['{', .., '}'];
}
