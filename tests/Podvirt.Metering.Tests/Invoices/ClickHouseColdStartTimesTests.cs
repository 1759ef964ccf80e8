namespace Podvirt.Metering.Tests.Invoices;

[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseColdStartTimesTests(ClickHouseFixture clickHouse) : ColdStartTimesContract(LedgerRooms.ClickHouse(clickHouse.NewDatabase()));
