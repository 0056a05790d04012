// Which memory is near to whom. Packets that cross from one NUMA node to another cost bandwidth
// and time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <querytap/dataplane/doctor.h>

namespace querytap::dataplane {

/// NUMA node of a CPU; -1 where the machine does not say.
int numa_node_of(unsigned cpu);

/// A warning of the first CPU that works on packets of a port on another node.
std::optional<Finding> far_from_port(const std::string& port, int node,
                                     const std::vector<unsigned>& cpus,
                                     const std::function<int(unsigned)>& node_of = numa_node_of);

}  // namespace querytap::dataplane
