// policy.yaml -> the model.
#pragma once

#include <string_view>

#include "model.h"

namespace querytap::policy {

Result<Model> read(std::string_view yaml, std::string_view name);

}  // namespace querytap::policy
